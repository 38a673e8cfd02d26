"""Settings of notifier: the shared ones; `public_url` is where links in alerts lead."""

from patchbay_kit.settings import BaseServiceSettings


class NotifierSettings(BaseServiceSettings):
    """See BaseServiceSettings."""
