"""What every reason code means, and what to do about it: for `explain` and docs/reasons.md."""

from dataclasses import dataclass

from patchbay_contracts.reasons import ReasonCode


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means, and who can do what about it (`remedy`; empty where nothing is wrong)."""

    meaning: str
    remedy: str = ""


_R = ReasonCode

EXPLANATIONS: dict[ReasonCode, Explanation] = {
    _R.ACCOUNT_BY_SITE_LINK: Explanation("The remote site is linked to this account."),
    _R.ACCOUNT_AUTO_CREATED: Explanation(
        "The site was unknown, so a temporary account was created for it.",
        "Link the site to the right account, or rename this one.",
    ),
    _R.ACCOUNT_AUTO_REUSED: Explanation(
        "The site's temporary account from an earlier ticket was used.",
        "Link the site to the right account.",
    ),
    _R.ACCOUNT_OWN_COMPANY: Explanation(
        "The remote ticket names no site, so it belongs to our own company's account."
    ),
    _R.ACCOUNT_BY_SENDER_ADDRESS: Explanation("The sender's full address belongs to this account."),
    _R.ACCOUNT_BY_SENDER_DOMAIN: Explanation(
        "The sender's domain belongs to this account; no record has the full address."
    ),
    _R.ACCOUNT_GIVEN: Explanation("The caller named the account."),
    _R.ASSET_BY_DEVICE_LINK: Explanation("The remote device is linked to this asset."),
    _R.ASSET_DEVICE_UNKNOWN: Explanation(
        "The remote device is not linked; its details are in the description and a history note.",
        "Link the device to an asset.",
    ),
    _R.ASSET_OTHER_ACCOUNT: Explanation(
        "The device is linked to an asset of another account, so it was not used.",
        "Check the device's and the site's links.",
    ),
    _R.ASSET_NONE_GIVEN: Explanation("No device was named."),
    _R.MANAGER_OF_ACCOUNT: Explanation("The account's manager manages the ticket."),
    _R.MANAGER_DEFAULT: Explanation(
        "The account has no manager, so the default ticket manager was taken."
    ),
    _R.MANAGER_NONE: Explanation(
        "Neither the account nor the desk has a manager set.",
        "Set the default ticket manager in the settings.",
    ),
    _R.MANAGER_GIVEN: Explanation("The caller named the manager."),
    _R.INBOX_EXTERNAL_CREATE: Explanation(
        "The ticket was created from outside, so it is in the Inbox."
    ),
    _R.INBOX_EXTERNAL_UPDATE: Explanation(
        "The ticket was changed from outside, so it is in the Inbox."
    ),
    _R.RECIPIENTS_DEFAULT: Explanation(
        "The default recipients were set: main contact, ticket manager, account manager, and "
        "everyone who receives all mail."
    ),
    _R.RECIPIENTS_GIVEN: Explanation("The caller named the external recipients."),
    _R.RECIPIENTS_SENDER: Explanation("The sender of the mail is the external recipient."),
    _R.RECIPIENTS_NO_EXTERNAL: Explanation(
        "The account has no main contact with an address.", "Give the account a main contact."
    ),
    _R.RECIPIENTS_CONTACT: Explanation(
        "Another contact person was chosen; nobody had edited the external recipients, so theirs"
        " is the address now."
    ),
    _R.CONTRACT_DEFAULT: Explanation("The account's default contract was taken."),
    _R.CONTRACT_GIVEN: Explanation("The caller named the contract."),
    _R.TICKET_OPENED_BY_PERSON: Explanation("A person opened the ticket."),
    _R.TICKET_MERGED: Explanation(
        "The ticket went into another one, with all that hung on it; it is closed.",
        "Undo the merge if it was a mistake.",
    ),
    _R.TICKET_UNMERGED: Explanation("The merge was undone; the ticket has back what it had."),
    _R.REMOTE_DUPLICATE: Explanation(
        "This remote ticket already has a ticket; the repeated delivery changed nothing."
    ),
    _R.REMOTE_HELD_DISABLED: Explanation(
        "Ticket processing was disabled for the connection; the remote ticket was held.",
        "Enable the connection to import it.",
    ),
    _R.REMOTE_IMPORTED_ON_ENABLE: Explanation(
        "The held remote ticket was imported when the connection was enabled."
    ),
    _R.REMOTE_TOO_OLD: Explanation(
        "The held remote ticket is older than the cut-off.", "Import or discard it by hand."
    ),
    _R.REMOTE_DISCARDED: Explanation("A person discarded the held remote ticket."),
    _R.REMOTE_PUBLISHED: Explanation("The remote ticket was handed to the desk."),
    _R.REMOTE_CLOSED_REMOTELY: Explanation(
        "The remote side closed its ticket; ours keeps its status."
    ),
    _R.REMOTE_RETURNED: Explanation(
        "The remote team handed the ticket back; ours keeps its status."
    ),
    _R.REMOTE_REOPENED_LOCALLY: Explanation(
        "The ticket was reopened here; the remote one stays closed."
    ),
    _R.COMMAND_QUEUED: Explanation(
        "The command for the remote system is written down and waits to be sent."
    ),
    _R.COMMAND_SUCCEEDED: Explanation("The remote system did it."),
    _R.COMMAND_ALREADY_CLOSED: Explanation(
        "The remote ticket was closed already; nothing was sent."
    ),
    _R.COMMAND_NOT_WANTED: Explanation("The connection is set not to close for this status."),
    _R.COMMAND_RETRY: Explanation(
        "The remote system could not be reached; it will be tried again."
    ),
    _R.COMMAND_OUTCOME_UNKNOWN: Explanation(
        "No answer came after sending; the remote state is looked up before anything is repeated."
    ),
    _R.COMMAND_FAILED: Explanation(
        "The remote system refused for good.",
        "Read the error, mend the cause and retry the command.",
    ),
    _R.MAIL_BY_TOKEN: Explanation("A reply token that we signed names the ticket."),
    _R.MAIL_BY_MESSAGE_ID: Explanation("The mail answers one that is filed on the ticket."),
    _R.MAIL_BY_SUBJECT_NUMBER: Explanation(
        "The subject carries the ticket's number, and the sender is a party of the ticket."
    ),
    _R.MAIL_SENDER_NOT_PARTY: Explanation(
        "The mail points to a ticket whose party the sender is not, so it was not filed there.",
        "File it by hand if it belongs there.",
    ),
    _R.MAIL_NUMBER_UNKNOWN: Explanation("The subject carries a number that no ticket has."),
    _R.MAIL_NEW_TICKET: Explanation(
        "A known sender wrote about something new, so a ticket was created."
    ),
    _R.MAIL_UNKNOWN_SENDER: Explanation(
        "Nobody of ours has this address or domain.",
        "Add the contact or the domain, or file the mail by hand.",
    ),
    _R.MAIL_AMBIGUOUS_SENDER: Explanation(
        "Several accounts claim the address.", "Make the address or domain unique."
    ),
    _R.MAIL_AUTOMATIC: Explanation(
        "The mail is automatic: never answered, never a new ticket, never a reopening."
    ),
    _R.MAIL_BOUNCE: Explanation("The mail reports a delivery failure."),
    _R.MAIL_OWN_LOOP: Explanation("The mail is one of our own that came back."),
    _R.MAIL_NO_SENDER: Explanation("No sender address could be read."),
    _R.MAIL_SENDER_UNVERIFIED: Explanation(
        "The receiving host says that the sender is forged, so the mail has no rights."
    ),
    _R.MAIL_FROM_EMPLOYEE: Explanation("The sender is an active employee with a unique address."),
    _R.MAIL_DECIDED_BY_PERSON: Explanation("A person decided what becomes of the mail."),
    _R.MAIL_FILED_ONLY: Explanation("The employee put us in Cc or Bcc: filed, not distributed."),
    _R.MAIL_DISTRIBUTED: Explanation("The mail was sent on to the ticket's recipients."),
    _R.MAIL_NO_RECIPIENTS: Explanation(
        "Nobody is subscribed, so nothing was sent on.", "Add recipients to the ticket."
    ),
    _R.MAIL_DUPLICATE: Explanation("The same mail had been taken in before."),
    _R.MAIL_QUARANTINED: Explanation(
        "The mail is over a limit or cannot be read; the original is kept.",
        "Look at the original and release or discard it.",
    ),
    _R.AUTO_ANSWER_SENT: Explanation(
        "The sender got an automatic answer with the ticket's number."
    ),
    _R.AUTO_ANSWER_SUPPRESSED: Explanation(
        "No automatic answer: the mail is automatic, a list's, or our own."
    ),
    _R.AUTO_ANSWER_RATE_LIMITED: Explanation(
        "No automatic answer: this address had too many within the hour."
    ),
    _R.SEND_QUEUED: Explanation("The mail is written down and waits to be sent."),
    _R.SEND_SENT: Explanation("The mail server took the mail for every recipient."),
    _R.SEND_CAUGHT: Explanation(
        "No mail server is set, as in the demo: the mail was caught and not sent."
    ),
    _R.SEND_RETRY: Explanation(
        "The mail server could not take the mail now; it will be tried again."
    ),
    _R.SEND_REFUSED: Explanation(
        "The mail server refused the mail for good.",
        "Check the address and the mail server's answer.",
    ),
    _R.SEND_PARTLY_REFUSED: Explanation(
        "The mail server refused some recipients.", "Check the addresses named."
    ),
    _R.ALERT_SENT: Explanation("The person was told by mail."),
    _R.ALERT_NO_ADDRESS: Explanation(
        "The person has no address to tell.", "Give the employee an e-mail address."
    ),
    _R.ALERT_OFF: Explanation("The person has alerts switched off."),
    _R.ALERT_OWN_CHANGE: Explanation("Nobody is told about their own change."),
}


def explanation(code: ReasonCode) -> Explanation:
    """What a code means; a newer release's code says so instead of failing."""
    return EXPLANATIONS.get(code, Explanation(f"{code}: written by a newer release."))
