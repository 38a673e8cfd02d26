"""HTTP conventions of all services: transactions, problem documents, pages, versions."""

from patchbay_kit.http.app import create_probe_app, create_service_app
from patchbay_kit.http.dependencies import Caller, Reader, RuntimeDep, Uow, require
from patchbay_kit.http.etags import check_if_match, etag
from patchbay_kit.http.models import RequestModel, ResponseModel
from patchbay_kit.http.pagination import (
    Page,
    PageParams,
    PageRequest,
    decode_cursor,
    encode_cursor,
    keyset,
)
from patchbay_kit.http.problems import Problem
from patchbay_kit.http.transaction import TransactionalRoute

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
    "TransactionalRoute",
    "Uow",
    "check_if_match",
    "create_probe_app",
    "create_service_app",
    "decode_cursor",
    "encode_cursor",
    "etag",
    "keyset",
    "require",
]
