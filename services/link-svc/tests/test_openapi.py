"""The API describes itself."""

from typing import Any

from link_svc.definition import SERVICE


async def test_every_operation_has_an_id_of_its_own(runtime: Any) -> None:
    paths = SERVICE.create_app(runtime).openapi()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))
