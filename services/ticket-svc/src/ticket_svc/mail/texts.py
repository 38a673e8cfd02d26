"""Subjects and texts of mail. Pure."""

import re

_NUMBER = re.compile(r"\[\d{4}-\d{4}\]")
_ANSWER = re.compile(r"\s*(re|aw|sv|vs|antw|odp|rif|ref)(\[\d+\])?\s*:\s*", re.IGNORECASE)
MAX_SUBJECT = 480


def ticket_subject(subject: str) -> str:
    """A mail's subject as a ticket's: without `Re:`, as an answer may come before its mail."""
    while prefix := _ANSWER.match(subject):
        subject = subject[prefix.end() :]
    return subject.strip()[:MAX_SUBJECT] or "(no subject)"


def numbered(subject: str, number: str) -> str:
    """The subject with the ticket's number in front, once (S2-93, S2-106)."""
    tag = f"[{number}]"
    if tag in subject:
        return subject
    return f"{tag} {_NUMBER.sub('', subject).strip()}".strip()


def auto_answer_text(number: str, subject: str) -> str:
    """The automatic answer to a new ticket."""
    return (
        f"Thank you for your message. We have opened ticket [{number}]: {subject}\n\n"
        "Answer this mail to add to the ticket; please keep the number in the subject.\n"
    )
