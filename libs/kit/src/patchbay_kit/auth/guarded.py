"""An HTTP transport that dials only public addresses, under the name that was asked for.

The name is resolved here and the checked address is dialled, so changing DNS gains nothing.
"""

import ssl

import httpx

from patchbay_kit.targets import ForbiddenTargetError, UnresolvedTargetError, public_address


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Raises httpx.ConnectError for a host that is not public, or does not resolve."""

    def __init__(self) -> None:
        super().__init__(verify=ssl.create_default_context(), trust_env=False, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        try:
            address = await public_address(host, request.url.port or 443)
        except (ForbiddenTargetError, UnresolvedTargetError) as error:
            raise httpx.ConnectError(str(error)) from error
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await super().handle_async_request(request)
