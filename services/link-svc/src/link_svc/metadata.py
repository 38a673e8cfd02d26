"""Every table of link-svc, imported here so that migrations and drift checks see them all."""

from sqlalchemy import MetaData

from link_svc.catalogue import tables as catalogue
from link_svc.desk import tables as desk
from link_svc.links import tables as links
from link_svc.tables import Base

FEATURES = (catalogue, desk, links)

metadata: MetaData = Base.metadata
