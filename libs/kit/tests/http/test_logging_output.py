"""Logs: one JSON object per line, with ids, without secrets."""

import json
import subprocess
import sys

from patchbay_kit.logging import is_secret, redact

_PROGRAM = """
import logging, structlog
from patchbay_kit.logging import configure_logging
from patchbay_kit.tracing import Trace, traced

configure_logging("INFO", "{form}", service="notes-svc")
configure_logging("INFO", "{form}", service="notes-svc")
log = structlog.get_logger("patchbay.test")
with traced(Trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "corr-1")):
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        log.info("sign_in", password="p4ss", nested={{"psg": "p4ss", "site": "HQ"}}, count=3)
log.debug("not shown")
logging.getLogger("uvicorn.error").warning("from %s", "uvicorn")
logging.getLogger("uvicorn.access").warning("not shown")
logging.getLogger("httpx").info("not shown")
try:
    local_variable = "p4ss"
    raise ValueError("bad")
except ValueError:
    log.exception("failed")
"""


def run(form: str) -> list[str]:
    program = _PROGRAM.format(form=form)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b""
    return done.stderr.decode().splitlines()


def test_lines_are_json_with_ids_and_without_secrets() -> None:
    lines = run("json")
    assert not any("p4ss" in line or "not shown" in line for line in lines)
    signed_in, uvicorn, failed = (json.loads(line) for line in lines)
    assert signed_in["event"] == "sign_in"
    assert signed_in["service"] == "notes-svc"
    assert signed_in["request_id"] == "req-1"
    assert signed_in["correlation_id"] == "corr-1"
    assert signed_in["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert signed_in["nested"] == {"psg": "[redacted]", "site": "HQ"}
    assert signed_in["count"] == 3
    assert (uvicorn["event"], uvicorn["level"]) == ("from uvicorn", "warning")
    assert "ValueError" in json.dumps(failed)


def test_the_readable_form_has_no_secrets_either() -> None:
    text = "\n".join(run("text"))
    assert "sign_in" in text
    assert "ValueError: bad" in text
    assert "p4ss" not in text


def test_secrets_are_known_by_their_names() -> None:
    secret = ["password", "SMTP_PASSWORD", "psg", "Authorization", "access_token", "api-key"]
    harmless = ["count", "path", "key", "account_id", "tokens", "message"]
    assert all(is_secret(name) for name in secret)
    assert not any(is_secret(name) for name in harmless)
    event = redact(None, "info", {"items": [{"token": "x"}], "has_password": True, "token": None})
    assert event == {"items": [{"token": "[redacted]"}], "has_password": True, "token": None}
