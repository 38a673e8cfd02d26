"""HTTP conventions of all services: transactions, problem documents, pages, versions.

Loaded on first use: handlers take pages and models from here and must not load FastAPI with them.
"""

import sys
from typing import TYPE_CHECKING

from patchbay_kit.lazy import on_first_use

# FastAPI asks of every parameter whether it is a model of pydantic 1, and would load all of that
# version, 1.3 MiB, to find that none is.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]  # stands for "not there"

if TYPE_CHECKING:
    from patchbay_kit.http.app import create_service_app
    from patchbay_kit.http.dependencies import (
        Caller,
        PageParams,
        Reader,
        RuntimeDep,
        Uow,
        require,
    )
    from patchbay_kit.http.etags import check_if_match, etag
    from patchbay_kit.http.models import RequestModel, ResponseModel
    from patchbay_kit.http.pagination import (
        Page,
        PageRequest,
        decode_cursor,
        encode_cursor,
        keyset,
    )
    from patchbay_kit.http.problems import Problem
    from patchbay_kit.http.sight import Sight, SightDep
    from patchbay_kit.http.transaction import TransactionalRoute
else:
    __getattr__ = on_first_use(
        __name__,
        {
            "Caller": "dependencies",
            "Page": "pagination",
            "PageParams": "dependencies",
            "PageRequest": "pagination",
            "Problem": "problems",
            "Reader": "dependencies",
            "RequestModel": "models",
            "ResponseModel": "models",
            "RuntimeDep": "dependencies",
            "Sight": "sight",
            "SightDep": "sight",
            "TransactionalRoute": "transaction",
            "Uow": "dependencies",
            "check_if_match": "etags",
            "create_service_app": "app",
            "decode_cursor": "pagination",
            "encode_cursor": "pagination",
            "etag": "etags",
            "keyset": "pagination",
            "require": "dependencies",
        },
    )

__all__ = [
    "Caller",
    "Page",
    "PageParams",
    "PageRequest",
    "Problem",
    "Reader",
    "RequestModel",
    "ResponseModel",
    "RuntimeDep",
    "Sight",
    "SightDep",
    "TransactionalRoute",
    "Uow",
    "check_if_match",
    "create_service_app",
    "decode_cursor",
    "encode_cursor",
    "etag",
    "keyset",
    "require",
]
