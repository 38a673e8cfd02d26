"""Every table of email-gateway."""

from sqlalchemy import MetaData

from email_gateway.base import Base
from email_gateway.intake import tables as intake
from email_gateway.mailboxes import tables as mailboxes
from email_gateway.outbound import tables as outbound

FEATURES = (intake, mailboxes, outbound)

metadata: MetaData = Base.metadata
