"""The API describes itself."""

from typing import Any

from email_gateway.definition import SERVICE


async def test_every_operation_has_an_id_of_its_own(small_gateway: Any) -> None:
    paths = SERVICE.create_app(small_gateway.runtime).openapi()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))
