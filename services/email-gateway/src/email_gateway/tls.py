"""TLS to mail servers: certificates checked against the machine's store."""

import ssl
from functools import cache


@cache
def tls_context() -> ssl.SSLContext:
    """One for the process: reading the store takes tens of milliseconds, and contexts are shared
    by threads without harm.
    """
    return ssl.create_default_context()
