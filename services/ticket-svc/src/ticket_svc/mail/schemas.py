"""Bodies of the mail decisions' API."""

from datetime import datetime

from patchbay_contracts import MailOutcome
from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.explaining import ExplainedReason
from ticket_svc.params import RecordId


class MailDecisionSummary(ResponseModel):
    """What became of a mail. `decided_by` is the person, where the rules left it to one."""

    mail_id: str
    outcome: MailOutcome
    ticket_id: str | None
    message_id: str
    sender_email: str | None
    sender_name: str
    subject: str
    received_at: datetime
    decided_at: datetime
    decided_by: str | None


class MailDecisionView(MailDecisionSummary):
    """With the reasons in words, and while it is undecided its text."""

    text: str | None
    reasons: list[ExplainedReason]


class FileMail(RequestModel):
    ticket_id: RecordId


class CreateFromMail(RequestModel):
    account_id: RecordId
