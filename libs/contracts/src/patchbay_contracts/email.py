"""Events of mail: what email-gateway saw and sent, what ticket-svc decided, the request to send."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from patchbay_contracts.base import EventData, EventKind, Part
from patchbay_contracts.refs import MailRef, PersonRef, Reason


class AutomationClass(StrEnum):
    """Who or what wrote a mail; anything but `human` is never answered (RFC 3834)."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"
    OWN = "own"
    CALENDAR = "calendar"


class AttachmentInfo(Part):
    """One attachment of a stored mail, by its place in the original; `size` is in bytes."""

    index: int
    filename: str
    content_type: str
    size: int
    inline: bool = False
    content_id: str | None = None


class BounceInfo(Part):
    """What a delivery status notification says; `status` is the code of RFC 3463."""

    kind: Literal["hard", "soft", "unknown"] = "unknown"
    status: str | None = None
    failed_recipients: list[str] = Field(default_factory=list)
    original_message_id: str | None = None


class EmailReceived(EventData, event="email.received.v1", publisher="email-gateway"):
    """A mail was taken in and its original stored. Evidence only: ticket-svc decides.

    The subject is the mail id.
    """

    mail: MailRef
    mailbox_id: str | None = None
    via: Literal["imap", "smtp", "lmtp", "api"]
    sender: PersonRef | None = None
    envelope_sender: str | None = None
    to: list[PersonRef] = Field(default_factory=list)
    cc: list[PersonRef] = Field(default_factory=list)
    addressed_as: Literal["to", "cc", "bcc"] = Field(
        default="to", description="where our own address stood"
    )
    subject: str
    text: str = Field(
        default="", description="plain text, at most 64 KiB; the whole is in the original"
    )
    new_text: str = Field(default="", description="derived: the part that is new in this mail")
    text_truncated: bool = False
    in_reply_to: str | None = None
    references: list[str] = Field(default_factory=list)
    subject_numbers: list[str] = Field(default_factory=list)
    token_ticket_id: str | None = Field(
        default=None, description="ticket named by a reply token whose signature is ours"
    )
    automation: AutomationClass = AutomationClass.HUMAN
    bounce: BounceInfo | None = None
    authentication: Literal["pass", "fail", "none", "unknown"] = "unknown"
    attachments: list[AttachmentInfo] = Field(default_factory=list)


class MailOutcome(StrEnum):
    """What the desk made of a mail."""

    FILED = "filed"
    CREATED = "created"
    UNDECIDED = "undecided"
    IGNORED = "ignored"


class EmailDecided(EventData, event="email.decided.v1", publisher="ticket-svc"):
    """What became of a received mail, with the reasons.

    email-gateway shows it in the mail ledger. The subject is the mail id.
    """

    mail_id: str
    outcome: MailOutcome
    ticket_id: str | None = None
    ticket_number: str | None = None
    reasons: list[Reason]


class MailPurpose(StrEnum):
    """Why a mail is sent."""

    AUTO_ANSWER = "auto_answer"
    DISTRIBUTION = "distribution"
    ALERT = "alert"
    MESSAGE = "message"


# Where the text of a mail says this, `SendEmail.sealed` stands in what is sent.
SEALED_PLACE = "{sealed}"


class SendEmail(EventData, event="email.send.v1", publisher="ticket-svc", kind=EventKind.REQUEST):
    """Send one mail.

    `request_id` is the idempotency key: repeated requests send once. The subject is the request
    id. With `original_mail_id` the body and attachments are the original's (S2-116), else `text`
    and `html`.

    `sealed` is for a secret of the recipient's, such as a link to choose a password: encrypted with
    PATCHBAY_MAIL_SECRET_KEY, which ticket-svc and email-gateway share. It stands in the mail where
    the text says `{sealed}`, and is kept nowhere once that was sent.
    """

    request_id: str
    purpose: MailPurpose
    ticket_id: str | None = None
    ticket_number: str | None = None
    from_name: str | None = Field(
        default=None, description="display name before the support address (S2-112)"
    )
    to: list[PersonRef] = Field(default_factory=list)
    cc: list[PersonRef] = Field(default_factory=list)
    bcc: list[PersonRef] = Field(default_factory=list)
    mail_subject: str
    text: str = ""
    html: str | None = None
    sealed: str | None = Field(
        default=None, description="stands in what is sent where the text says {sealed}"
    )
    good_until: AwareDatetime | None = Field(
        default=None, description="what has not been sent by then is given up"
    )
    original_mail_id: str | None = None
    in_reply_to: str | None = None
    references: list[str] = Field(default_factory=list)
    automatic: bool = Field(
        default=False, description="RFC 3834: mark as automatic, null envelope sender"
    )


class SendAlertEmail(
    EventData, event="email.send_alert.v1", publisher="notifier", kind=EventKind.REQUEST
):
    """Send one alert mail: as SendEmail, asked for by notifier; alerts are always automatic."""

    request_id: str
    ticket_id: str | None = None
    ticket_number: str | None = None
    to: list[PersonRef]
    mail_subject: str
    text: str


class EmailSent(EventData, event="email.sent.v1", publisher="email-gateway"):
    """The mail server took a mail (or the demo caught it).

    `message_id` lets answers be filed by References.
    """

    mail_id: str
    request_id: str
    purpose: MailPurpose
    ticket_id: str | None = None
    message_id: str
    recipients: list[str]
    refused: list[str] = Field(default_factory=list)
    caught: bool = False
    sent_at: AwareDatetime
    reasons: list[Reason] = Field(default_factory=list)


class EmailFailed(EventData, event="email.failed.v1", publisher="email-gateway"):
    """A mail was refused for good, or is out of attempts."""

    mail_id: str
    request_id: str
    purpose: MailPurpose
    ticket_id: str | None = None
    recipients: list[str]
    error: str
    reasons: list[Reason] = Field(default_factory=list)


class EmailBounced(EventData, event="email.bounced.v1", publisher="email-gateway"):
    """A delivery failure report came in; `bounced_mail_id` is set where it matched a sent mail."""

    mail_id: str
    bounced_mail_id: str | None = None
    ticket_id: str | None = None
    bounce: BounceInfo
