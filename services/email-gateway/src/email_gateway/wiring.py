"""Builds email-gateway's own parts, once."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from email_gateway.identity import identity_of
from email_gateway.imap.factory import open_source
from email_gateway.intake.batching import IntakeBatcher
from email_gateway.intake.originals import original_of
from email_gateway.intake.service import Intake
from email_gateway.intake.smtp import SmtpLoop
from email_gateway.mailboxes.polling import MailboxPoller
from email_gateway.mailboxes.sources import MailSources
from email_gateway.outbound.sending import Sender
from email_gateway.outbound.transport import transports_for
from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import Loop, PeriodicLoop

POLL_SECONDS = 1.0


def wire(runtime: Runtime) -> None:
    """The intake that all entrances share, and the way to mailboxes."""
    settings = runtime.settings
    runtime.extras["intake"] = Intake(runtime, identity_of(runtime))
    runtime.extras["mail_sources"] = MailSources(
        partial(open_source, max_bytes=settings.mail_max_bytes),
        runtime.secrets,
        settings.private_targets_allowed,
    )


def loops(runtime: Runtime) -> Sequence[Loop]:
    """Entrances and exits of the role `worker`."""
    intake: Intake = runtime.extras["intake"]
    poller = MailboxPoller(runtime, intake, runtime.extras["mail_sources"])
    sender = Sender(
        runtime,
        transports_for(runtime.settings),
        runtime.settings.support_address,
        intake.identity.token_key,
        original_of,
        lease=timedelta(seconds=runtime.settings.mail_lease),
    )
    running: list[Loop] = [
        poller,
        PeriodicLoop("mail-out", sender.step, POLL_SECONDS),
    ]
    if runtime.settings.smtp_listen_port is not None:
        batcher = IntakeBatcher(intake)
        running += [batcher, SmtpLoop(runtime, batcher)]
    return running
