"""Settings of link-svc: the shared ones are all it needs."""

from patchbay_kit.settings import BaseServiceSettings


class LinkSettings(BaseServiceSettings):
    """See BaseServiceSettings."""
