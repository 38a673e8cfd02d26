"""Who this installation is to mail: built once from the settings."""

from email_gateway.intake.identity import Identity
from email_gateway.parsing.automation import OwnIdentity
from email_gateway.parsing.limits import Limits
from patchbay_kit.runtime import Runtime


def identity_of(runtime: Runtime) -> Identity:
    """Addresses, the key that signs reply tokens, limits."""
    settings = runtime.settings
    return Identity(
        own=OwnIdentity(addresses=frozenset({settings.support_address.lower()})),
        token_key=runtime.secrets.derive("reply-token"),
        authserv_id=settings.authserv_id,
        limits=Limits(raw_bytes=settings.mail_max_bytes),
    )
