"""Every table of rmm-gateway, imported here so that migrations and drift checks see them all."""

from sqlalchemy import MetaData

from rmm_gateway.base import Base
from rmm_gateway.connections import tables as connections
from rmm_gateway.ledger import tables as ledger
from rmm_gateway.outbound import tables as outbound

FEATURES = (connections, ledger, outbound)

metadata: MetaData = Base.metadata
