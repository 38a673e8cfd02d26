"""Every table of ticket-svc, imported here so that migrations and drift checks see them all."""

from sqlalchemy import MetaData

from ticket_svc.accounts import tables as accounts
from ticket_svc.assets import tables as assets
from ticket_svc.auth import tables as auth
from ticket_svc.base import Base
from ticket_svc.desk import tables as desk
from ticket_svc.employees import tables as employees
from ticket_svc.links import tables as links
from ticket_svc.mail import tables as mail
from ticket_svc.remote import tables as remote
from ticket_svc.tickets import tables as tickets

FEATURES = (accounts, assets, auth, desk, employees, links, mail, remote, tickets)

metadata: MetaData = Base.metadata
