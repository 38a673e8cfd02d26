"""The bus calls aiormq below aio-pika, where the workspace's rules for aio-pika do not look."""

import ast
from collections.abc import Iterator
from pathlib import Path

import patchbay_kit.bus

FOLDER = Path(patchbay_kit.bus.__file__).parent / "rabbitmq"


def calls(method: str) -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == method:
                yield path, node


def test_the_rules_look_at_something() -> None:
    assert [path.name for path, _ in calls("basic_publish")] == ["publisher.py"]
    assert [path.name for path, _ in calls("basic_consume")] == ["subscription.py"]


def test_nothing_is_nacked() -> None:
    assert list(calls("basic_nack")) == []


def test_every_publish_has_a_deadline_and_says_whether_it_must_be_routed() -> None:
    for _, call in calls("basic_publish"):
        assert {"timeout", "mandatory", "properties"} <= {k.arg for k in call.keywords}


def test_who_consumes_limits_the_prefetch() -> None:
    assert {path for path, _ in calls("basic_consume")} <= {path for path, _ in calls("set_qos")}


def test_no_robust_connection_restores_things_behind_our_back() -> None:
    assert list(calls("connect_robust")) == []


def test_no_broad_handler_forgets_that_aio_pika_cancels() -> None:
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Try):
                caught = " ".join(ast.unparse(h.type) for h in node.handlers if h.type)
                broad = "Exception" in caught.split()
                assert not broad or "CancelledError" in caught, f"{path}:{node.lineno}"
