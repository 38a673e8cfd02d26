"""Every table of notifier, imported here so that migrations and drift checks see them all."""

from sqlalchemy import MetaData

from notifier.alerts import tables as alerts
from notifier.desk import tables as desk
from notifier.tables import Base

FEATURES = (alerts, desk)

metadata: MetaData = Base.metadata
