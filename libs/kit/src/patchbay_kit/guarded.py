"""An HTTP transport that dials only public addresses, under the name that was asked for.

The name is resolved here and the checked address is dialled, so changing DNS gains nothing.
"""

import ssl

import httpx

from patchbay_kit.targets import UnresolvedTargetError, public_address


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Raises ForbiddenTargetError for a host that is not public, and httpx.ConnectError for a name
    that leads nowhere.
    """

    def __init__(self, verify: ssl.SSLContext | None = None) -> None:
        context = verify or ssl.create_default_context()
        super().__init__(verify=context, trust_env=False, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        try:
            address = await public_address(host, request.url.port or 443)
        except UnresolvedTargetError as error:
            raise httpx.ConnectError(str(error)) from error
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await super().handle_async_request(request)
