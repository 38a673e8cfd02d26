"""Structured logs on stderr: one JSON object (or one readable line) per event.

Secrets are blanked by name.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

from patchbay_kit.tracing import current_trace

BLANK = "[redacted]"
_SECRET_PARTS = ("password", "passwd", "secret", "token", "psg", "authorization", "credential")
_SECRET_NAMES = frozenset({"pwd", "api_key", "apikey", "private_key", "cookie", "set-cookie"})
# Names that contain a part of a secret's name but hold none.
_HARMLESS = frozenset({"tokens", "token_count"})


def configure_logging(level: str = "INFO", log_format: str = "json", *, service: str) -> None:
    """Set up structlog and the standard library's logging for the whole process.

    May be called again.
    """
    structlog.contextvars.bind_contextvars(service=service)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    _quiet_libraries()


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank every value, at any depth, whose name says that it is a secret."""
    for name, value in event.items():
        event[name] = _clean(name, value)
    return event


def add_trace(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say which trace and which chain of work a line belongs to."""
    trace = current_trace()
    if trace is not None:
        event.setdefault("trace_id", trace.traceparent[3:35])
        event.setdefault("correlation_id", trace.correlation_id)
    return event


def is_secret(name: str) -> bool:
    """Whether a member of this name must not be logged."""
    lowered = name.lower().replace("-", "_")
    if lowered in _HARMLESS:
        return False
    return lowered in _SECRET_NAMES or any(part in lowered for part in _SECRET_PARTS)


def _clean(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if is_secret(name):
        return BLANK
    if isinstance(value, Mapping):
        return {key: _clean(str(key), entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", entry) for entry in value]
    return value


def _renderers(log_format: str) -> list[Any]:
    if log_format == "text":
        plain = structlog.dev.plain_traceback
        return [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
        ]
    return [
        # Without local variables: they may hold secrets.
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        structlog.processors.JSONRenderer(serializer=_dumps),
    ]


def _dumps(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _quiet_libraries() -> None:
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Our own middleware writes the access log.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("aio_pika", "aiormq", "httpx", "httpcore", "alembic", "sqlalchemy.pool"):
        logging.getLogger(name).setLevel(logging.WARNING)
