"""Uses of the broker and the database that lose or repeat work, each seen to happen, are refused.

Why each is here: docs/adr and the comments beside the rule.
"""

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from patchbay_kit.testing import sources

# Refused by RabbitMQ 4.3, lost with the node, or read by nobody safely; whole literals only.
FORBIDDEN_LITERALS = {
    "x-max-priority": "quorum queues of 3.10 refuse it",
    "x-delayed-message": "the plugin is not packaged and unusable from 4.3",
    "x-death": "broker versions count differently; we carry our own attempt header",
}


@cache
def _calls(path: Path) -> list[ast.Call]:
    return [node for node in sources.nodes(path) if isinstance(node, ast.Call)]


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _keyword(call: ast.Call, name: str) -> object:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value.value if isinstance(keyword.value, ast.Constant) else keyword.value
    return None


@cache
def _imports(path: Path, package: str) -> bool:
    return any(
        (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package)
        or (
            isinstance(node, ast.Import)
            and any(a.name.split(".")[0] == package for a in node.names)
        )
        for node in sources.nodes(path)
    )


def _broker_files() -> list[Path]:
    return [path for path in sources.code_files() if _imports(path, "aio_pika")]


def _names(node: ast.expr | None) -> set[str]:
    """Every plain name and attribute name in an expression."""
    found = ast.walk(node) if node else ()
    return {
        part.attr if isinstance(part, ast.Attribute) else part.id
        for part in found
        if isinstance(part, ast.Attribute | ast.Name)
    }


def _found(paths: Iterable[Path], is_wrong: Callable[[ast.Call], bool]) -> list[str]:
    return [sources.place(p, call) for p in paths for call in _calls(p) if is_wrong(call)]


def test_nothing_is_requeued_by_nack() -> None:
    """RabbitMQ 4.3 does not count a nack: a poison message would circle for ever."""
    assert _found(sources.code_files(), lambda call: _method(call) == "nack") == []


def test_every_channel_reports_unroutable_messages() -> None:
    """Without on_return_raises a publish nobody took looks like a success."""

    def is_wrong(call: ast.Call) -> bool:
        return _method(call) == "channel" and _keyword(call, "on_return_raises") is not True

    assert _found(_broker_files(), is_wrong) == []


def test_every_publish_to_the_broker_has_a_deadline() -> None:
    """While the broker hangs, a publish without one waits for minutes."""

    def is_wrong(call: ast.Call) -> bool:
        to_exchange = _method(call) == "publish" and "exchange" in ast.unparse(call.func).lower()
        return to_exchange and _keyword(call, "timeout") is None

    assert _found(_broker_files(), is_wrong) == []


def test_every_consumer_limits_its_prefetch() -> None:
    """Without set_qos one consumer takes the whole queue into memory."""
    consuming = [p for p in _broker_files() if any(_method(c) == "consume" for c in _calls(p))]
    limited = [p for p in consuming if any(_method(c) == "set_qos" for c in _calls(p))]

    assert [sources.place(p) for p in consuming if p not in limited] == []


def test_queues_are_durable_and_not_counted_by_passive_declares() -> None:
    """A transient queue dies with the node; a robust channel answers from its cache."""

    def is_wrong(call: ast.Call) -> bool:
        declares = _method(call) in {"declare_queue", "declare_exchange"}
        durable = _keyword(call, "durable") is True
        return declares and (not durable or _keyword(call, "passive") is True)

    assert _found(_broker_files(), is_wrong) == []


def test_messages_have_no_expiry_of_their_own() -> None:
    """In a delay queue only the head expires: one long delay would hold up all behind it."""
    assert _found(_broker_files(), lambda call: _keyword(call, "expiration") is not None) == []


@pytest.mark.parametrize("literal", sorted(FORBIDDEN_LITERALS))
def test_forbidden_arguments_do_not_appear(literal: str) -> None:
    found = [
        sources.place(p, node)
        for p in sources.code_files()
        for node in sources.nodes(p)
        if isinstance(node, ast.Constant) and node.value == literal
    ]

    assert found == [], FORBIDDEN_LITERALS[literal]


def test_broad_handlers_around_the_broker_think_of_cancellation() -> None:
    """aio-pika ends waiting publishes with CancelledError, which `except Exception` lets pass."""
    found = []
    for path in _broker_files():
        for node in sources.nodes(path):
            if isinstance(node, ast.Try):
                caught = set().union(*(_names(handler.type) for handler in node.handlers))
                if "Exception" in caught and "CancelledError" not in caught:
                    found.append(sources.place(path, node))

    assert found == []


def test_only_the_unit_of_work_commits() -> None:
    """One commit at the edge: state, inbox and outbox rows go together or not at all."""
    ours = [
        path
        for name, package in sources.packages().items()
        if name not in {"patchbay_kit", "continuum_sim"}
        for path in sorted(package.rglob("*.py"))
    ]

    assert _found(ours, lambda call: _method(call) == "commit") == []


def _is_logging(call: ast.Call) -> bool:
    return ast.unparse(call.func).split(".")[0] in {"log", "logger", "_log"}


def _shown(handler: ast.ExceptHandler) -> list[ast.Call]:
    """Calls that turn the caught exception into text, other than for the log."""
    calls = [node for node in ast.walk(handler) if isinstance(node, ast.Call)]
    logged = {id(node) for call in calls if _is_logging(call) for node in ast.walk(call)}
    texts = {f"str({handler.name})", f"repr({handler.name})"}
    return [call for call in calls if id(call) not in logged and ast.unparse(call) in texts]


def test_an_unexpected_exception_is_not_shown_to_the_client() -> None:
    """Its text tells strangers about our insides; it belongs into the log."""
    found = [
        sources.place(path, call)
        for path in sources.code_files()
        if path.name == "routes.py" or path.parent.name == "http"
        for handler in sources.nodes(path)
        if isinstance(handler, ast.ExceptHandler) and "Exception" in _names(handler.type)
        for call in _shown(handler)
    ]

    assert found == []
