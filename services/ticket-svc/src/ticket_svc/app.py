"""ticket-svc's HTTP app: its routers, nothing else."""

from fastapi import FastAPI

from patchbay_kit.http import create_service_app
from patchbay_kit.runtime import Runtime
from ticket_svc.accounts.contact_routes import router as contacts
from ticket_svc.accounts.routes import router as accounts
from ticket_svc.administration.routes import router as administration
from ticket_svc.appointments.dispatch_routes import router as dispatch
from ticket_svc.appointments.routes import router as appointments
from ticket_svc.appointments.routes import tickets_router as ticket_appointments
from ticket_svc.assets.routes import router as assets
from ticket_svc.auth.exchange_routes import router as exchange
from ticket_svc.auth.routes import router as auth
from ticket_svc.auth.routes import sign_in_router as sign_in
from ticket_svc.bulk.routes import router as bulk
from ticket_svc.charges.routes import router as charges
from ticket_svc.charges.routes import tickets_router as ticket_charges
from ticket_svc.contracts.routes import router as contracts
from ticket_svc.custom_fields.routes import router as custom_fields
from ticket_svc.departments.routes import router as departments
from ticket_svc.documents.routes import router as documents
from ticket_svc.documents.routes import uploads
from ticket_svc.employees.access_routes import invitations_router as employee_invitations
from ticket_svc.employees.access_routes import router as employees_access
from ticket_svc.employees.group_routes import router as privilege_groups
from ticket_svc.employees.routes import router as employees
from ticket_svc.live.routes import router as live
from ticket_svc.locations.routes import router as locations
from ticket_svc.mail.routes import router as mail
from ticket_svc.merging.routes import accounts_router as account_merging
from ticket_svc.merging.routes import router as account_merges
from ticket_svc.messages.routes import router as messages
from ticket_svc.messages.routes import tickets_router as ticket_messages
from ticket_svc.portal.access_routes import invitations_router as invitations
from ticket_svc.portal.access_routes import router as customers_access
from ticket_svc.portal.routes import router as portal
from ticket_svc.portal.routes import uploads as portal_uploads
from ticket_svc.rights.key_routes import router as api_keys
from ticket_svc.tasks.routes import router as tasks
from ticket_svc.tasks.routes import tickets_router as ticket_tasks
from ticket_svc.ticket_pages.routes import router as ticket_pages
from ticket_svc.tickets.history_routes import router as ticket_history
from ticket_svc.tickets.inbox_routes import router as ticket_inbox
from ticket_svc.tickets.recipient_routes import router as ticket_recipients
from ticket_svc.tickets.relation_routes import merges_router as ticket_merges
from ticket_svc.tickets.relation_routes import router as ticket_relations
from ticket_svc.tickets.routes import router as tickets
from ticket_svc.tickets.status_routes import router as statuses
from ticket_svc.transfer.export_routes import router as exports
from ticket_svc.transfer.routes import router as imports
from ticket_svc.views.routes import router as views
from ticket_svc.views.routes import tickets_router as ticket_lists

ROUTERS = (
    # First what is asked most; lists before `tickets`, to whom "counts" would be a ticket.
    ticket_lists,
    tickets,
    account_merges,
    account_merging,
    accounts,
    administration,
    api_keys,
    appointments,
    assets,
    auth,
    bulk,
    charges,
    contacts,
    contracts,
    custom_fields,
    customers_access,
    departments,
    dispatch,
    documents,
    employee_invitations,
    employees,
    employees_access,
    exports,
    imports,
    exchange,
    invitations,
    live,
    locations,
    mail,
    messages,
    portal,
    portal_uploads,
    privilege_groups,
    sign_in,
    statuses,
    tasks,
    ticket_appointments,
    ticket_charges,
    ticket_history,
    ticket_inbox,
    ticket_pages,
    ticket_merges,
    ticket_messages,
    ticket_recipients,
    ticket_relations,
    ticket_tasks,
    uploads,
    views,
)


def create_app(runtime: Runtime) -> FastAPI:
    """The app of the role `api`."""
    return create_service_app(runtime, "ticket-svc", ROUTERS, title="Patchbay tickets")
