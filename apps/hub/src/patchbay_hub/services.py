"""Which services the hub runs."""

from email_gateway.definition import SERVICE as EMAIL_GATEWAY
from link_svc.definition import SERVICE as LINK_SVC
from notifier.definition import SERVICE as NOTIFIER
from rmm_gateway.definition import SERVICE as RMM_GATEWAY
from ticket_svc.definition import SERVICE as TICKET_SVC

SERVICES = (TICKET_SVC, LINK_SVC, RMM_GATEWAY, EMAIL_GATEWAY, NOTIFIER)
