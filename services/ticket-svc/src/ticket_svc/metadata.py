"""Every table of ticket-svc, imported here so that migrations and drift checks see them all."""

from sqlalchemy import MetaData

from ticket_svc.accounts import tables as accounts
from ticket_svc.appointments import tables as appointments
from ticket_svc.assets import tables as assets
from ticket_svc.auth import tables as auth
from ticket_svc.base import Base
from ticket_svc.charges import tables as charges
from ticket_svc.contracts import tables as contracts
from ticket_svc.custom_fields import tables as custom_fields
from ticket_svc.departments import tables as departments
from ticket_svc.desk import tables as desk
from ticket_svc.documents import tables as documents
from ticket_svc.employees import tables as employees
from ticket_svc.invitations import tables as invitations
from ticket_svc.links import tables as links
from ticket_svc.live import tables as live
from ticket_svc.locations import tables as locations
from ticket_svc.mail import tables as mail
from ticket_svc.merging import tables as merging
from ticket_svc.messages import tables as messages
from ticket_svc.remote import tables as remote
from ticket_svc.rights import tables as rights
from ticket_svc.sign_ins import tables as sign_ins
from ticket_svc.tasks import tables as tasks
from ticket_svc.tickets import tables as tickets
from ticket_svc.views import tables as views

FEATURES = (
    accounts,
    appointments,
    assets,
    auth,
    charges,
    contracts,
    custom_fields,
    departments,
    desk,
    documents,
    employees,
    invitations,
    links,
    live,
    locations,
    mail,
    merging,
    messages,
    remote,
    rights,
    sign_ins,
    tasks,
    tickets,
    views,
)

metadata: MetaData = Base.metadata
