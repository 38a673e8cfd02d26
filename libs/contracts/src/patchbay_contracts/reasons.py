"""Every reason code a decision can write; explanations.py says what each means.

Codes are stable: they are stored with decisions, answered by `explain` and listed in
docs/reasons.md (generated).
"""

import re
from enum import StrEnum

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

CODE_PATTERN = re.compile(r"[a-z][a-z_]{0,39}\.[a-z][a-z_]{0,39}")


class ReasonCode(StrEnum):
    """`<about>.<what>`; a code is never renamed or taken away, only added.

    The list is open on the wire: a code that this release does not know yet is kept as it is, so
    that a newer publisher does not break an older consumer in a rolling upgrade.
    """

    ACCOUNT_BY_SITE_LINK = "account.by_site_link"
    ACCOUNT_AUTO_CREATED = "account.auto_created"
    ACCOUNT_AUTO_REUSED = "account.auto_reused"
    ACCOUNT_OWN_COMPANY = "account.own_company"
    ACCOUNT_BY_SENDER_ADDRESS = "account.by_sender_address"
    ACCOUNT_BY_SENDER_DOMAIN = "account.by_sender_domain"
    ACCOUNT_GIVEN = "account.given"
    ASSET_BY_DEVICE_LINK = "asset.by_device_link"
    ASSET_DEVICE_UNKNOWN = "asset.device_unknown"
    ASSET_OTHER_ACCOUNT = "asset.other_account"
    ASSET_NONE_GIVEN = "asset.none_given"
    MANAGER_OF_ACCOUNT = "manager.of_account"
    MANAGER_DEFAULT = "manager.default"
    MANAGER_NONE = "manager.none"
    MANAGER_GIVEN = "manager.given"
    INBOX_EXTERNAL_CREATE = "inbox.external_create"
    INBOX_EXTERNAL_UPDATE = "inbox.external_update"
    RECIPIENTS_DEFAULT = "recipients.default"
    RECIPIENTS_GIVEN = "recipients.given"
    RECIPIENTS_SENDER = "recipients.sender"
    RECIPIENTS_NO_EXTERNAL = "recipients.no_external"
    RECIPIENTS_CONTACT = "recipients.contact"
    CONTRACT_DEFAULT = "contract.default"
    CONTRACT_GIVEN = "contract.given"
    TICKET_OPENED_BY_PERSON = "ticket.opened_by_person"
    TICKET_MERGED = "ticket.merged"
    TICKET_UNMERGED = "ticket.unmerged"
    REMOTE_DUPLICATE = "remote.duplicate"
    REMOTE_HELD_DISABLED = "remote.held_disabled"
    REMOTE_IMPORTED_ON_ENABLE = "remote.imported_on_enable"
    REMOTE_TOO_OLD = "remote.too_old"
    REMOTE_DISCARDED = "remote.discarded"
    REMOTE_PUBLISHED = "remote.published"
    REMOTE_CLOSED_REMOTELY = "remote.closed_remotely"
    REMOTE_RETURNED = "remote.returned"
    REMOTE_REOPENED_LOCALLY = "remote.reopened_locally"
    COMMAND_QUEUED = "command.queued"
    COMMAND_SUCCEEDED = "command.succeeded"
    COMMAND_ALREADY_CLOSED = "command.already_closed"
    COMMAND_NOT_WANTED = "command.not_wanted"
    COMMAND_RETRY = "command.retry"
    COMMAND_OUTCOME_UNKNOWN = "command.outcome_unknown"
    COMMAND_FAILED = "command.failed"
    MAIL_BY_TOKEN = "mail.by_token"  # noqa: S105 - a reason code, not a secret.
    MAIL_BY_MESSAGE_ID = "mail.by_message_id"
    MAIL_BY_SUBJECT_NUMBER = "mail.by_subject_number"
    MAIL_SENDER_NOT_PARTY = "mail.sender_not_party"
    MAIL_NUMBER_UNKNOWN = "mail.number_unknown"
    MAIL_NEW_TICKET = "mail.new_ticket"
    MAIL_UNKNOWN_SENDER = "mail.unknown_sender"
    MAIL_AMBIGUOUS_SENDER = "mail.ambiguous_sender"
    MAIL_AUTOMATIC = "mail.automatic"
    MAIL_BOUNCE = "mail.bounce"
    MAIL_OWN_LOOP = "mail.own_loop"
    MAIL_NO_SENDER = "mail.no_sender"
    MAIL_SENDER_UNVERIFIED = "mail.sender_unverified"
    MAIL_FROM_EMPLOYEE = "mail.from_employee"
    MAIL_DECIDED_BY_PERSON = "mail.decided_by_person"
    MAIL_FILED_ONLY = "mail.filed_only"
    MAIL_DISTRIBUTED = "mail.distributed"
    MAIL_NO_RECIPIENTS = "mail.no_recipients"
    MAIL_DUPLICATE = "mail.duplicate"
    MAIL_QUARANTINED = "mail.quarantined"
    AUTO_ANSWER_SENT = "auto_answer.sent"
    AUTO_ANSWER_SUPPRESSED = "auto_answer.suppressed"
    AUTO_ANSWER_RATE_LIMITED = "auto_answer.rate_limited"
    SEND_QUEUED = "send.queued"
    SEND_SENT = "send.sent"
    SEND_CAUGHT = "send.caught"
    SEND_RETRY = "send.retry"
    SEND_REFUSED = "send.refused"
    SEND_PARTLY_REFUSED = "send.partly_refused"
    ALERT_SENT = "alert.sent"
    ALERT_NO_ADDRESS = "alert.no_address"
    ALERT_OFF = "alert.off"
    ALERT_OWN_CHANGE = "alert.own_change"

    @classmethod
    def _missing_(cls, value: object) -> "ReasonCode | None":
        if not isinstance(value, str) or not CODE_PATTERN.fullmatch(value):
            return None
        newer = str.__new__(cls, value)
        newer._name_ = value
        newer._value_ = value
        return newer

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Publish the list as open (`x-extensible-enum`), for consumers that check by schema."""
        del schema, handler
        return {
            "description": "a reason code; the list is open, meanings are in docs/reasons.md",
            "pattern": f"^{CODE_PATTERN.pattern}$",
            "type": "string",
            "x-extensible-enum": [code.value for code in cls],
        }
