"""Bodies about invitations, of employees and customers alike."""

from datetime import datetime

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.invitations.service import Person, latest


class InvitationWanted(RequestModel):
    mail: bool = Field(default=True, description="mail the link, where that is set up")


class InvitationMade(ResponseModel):
    """`token` and `url` are shown this once: for the invited person, and nobody else."""

    token: str
    url: str = Field(examples=["https://desk.example/portal/invitation#0QmZ..."])
    expires_at: datetime
    mailed_to: str | None = Field(description="null where it has to be handed over by hand")


class AccessView(ResponseModel):
    """Whether somebody signs in."""

    has_password: bool
    invited_until: datetime | None = Field(description="when the last invitation ends or ended")
    mailed_to: str | None = Field(description="where the link was mailed")
    mail_state: str | None = Field(
        description="of that mail: asked, sent, caught (a demo) or failed", examples=["sent"]
    )
    mail_error: str | None = Field(description="why it failed, in the mail server's words")


async def access_view(session: AsyncSession, person: Person) -> AccessView:
    """Whether the person has a password, and the desk's last invitation."""
    invitation = await latest(session, person.id)
    return AccessView(
        has_password=person.password_hash is not None,
        invited_until=invitation.expires_at if invitation else None,
        mailed_to=invitation.mailed_to if invitation else None,
        mail_state=invitation.mail_state if invitation else None,
        mail_error=invitation.mail_error if invitation else None,
    )
