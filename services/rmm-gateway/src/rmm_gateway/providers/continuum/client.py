"""The HTTP client of `continuum-sim/1`: deadlines, size caps, no redirects, meaning of failures.

A read that fails had no effect. A write that fails after it was sent has an unknown outcome,
unless the remote answered that it did nothing (4xx).
"""

import asyncio
import email.utils
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from patchbay_kit.targets import ForbiddenTargetError
from rmm_gateway.providers.base import FailureKind, ProviderError, Target, plain
from rmm_gateway.providers.continuum.wire import WireError

JSON_LIMIT = 64 * 1024 * 1024
SMALL_LIMIT = 4 * 1024 * 1024
XML_LIMIT = 64 * 1024 * 1024
# A list or a full batch may take longer than one answer; each single read still has its time-out.
SWEEP_FACTOR = 6
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_MAX_RETRY_AFTER = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with a status below 400, or 409."""

    status: int
    media_type: str
    body: bytes


class ContinuumClient:
    """Speaks to one remote system with one PSG code."""

    def __init__(self, target: Target, http: httpx.AsyncClient, timeout: float) -> None:
        self._base = target.base_url.rstrip("/") + "/psg/v1"
        self._headers = {"X-PSG-Code": target.secret, "Accept-Encoding": "identity"}
        self._http = http
        self._timeout = timeout

    async def read_json(self, *path: str, params: dict[str, str] | None = None) -> Any:
        """GET a JSON document."""
        answer = await self._call("GET", path, params=params, limit=JSON_LIMIT)
        # In a thread: a full batch of long texts would hold up everybody else.
        return await asyncio.to_thread(_json, answer, FailureKind.TRANSIENT)

    async def read_xml(self, *path: str) -> bytes:
        """GET an XML document, not parsed yet."""
        answer = await self._call("GET", path, limit=XML_LIMIT)
        if "xml" not in answer.media_type:
            raise _bad_answer(FailureKind.TRANSIENT, f"{answer.media_type or 'no type'}, not XML")
        return answer.body

    async def write(self, *path: str, body: dict[str, Any] | None = None) -> tuple[int, WireError]:
        """POST a command; returns the status (below 300, or 409 with its code)."""
        answer = await self._call("POST", path, body=body, limit=SMALL_LIMIT)
        document = _json(answer, FailureKind.UNKNOWN)
        return answer.status, _error(document)

    async def _call(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        limit: int,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Answer:
        url = "/".join([self._base, *(quote(part, safe="") for part in path)])
        lost = FailureKind.TRANSIENT if method == "GET" else FailureKind.UNKNOWN
        seconds = self._timeout * (SWEEP_FACTOR if limit > SMALL_LIMIT else 1)
        try:
            async with asyncio.timeout(seconds):
                request = self._http.stream(
                    method, url, params=params, json=body, headers=self._headers
                )
                async with request as response:
                    answer = await _read(response, limit, lost)
                    _refuse(response, answer, lost)
                    return answer
        except _NOT_SENT as error:
            raise _unreachable(FailureKind.TRANSIENT, error) from error
        except ForbiddenTargetError as error:
            raise ProviderError(FailureKind.TRANSIENT, "forbidden_target", str(error)) from error
        except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
            # TimeoutError is an OSError; so is a reset connection.
            raise _unreachable(lost, error) from error


async def _read(response: httpx.Response, limit: int, lost: FailureKind) -> Answer:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise ProviderError(lost, "answer_too_large", f"the answer is over {limit} bytes")
        chunks.append(chunk)
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(response.status_code, media_type, b"".join(chunks))


def _refuse(response: httpx.Response, answer: Answer, lost: FailureKind) -> None:
    status = answer.status
    if status < 300 or status == 409:
        return
    told = _told(answer)
    text = plain([f"HTTP {status}", told.code, told.detail])
    if status == 401:
        raise ProviderError(FailureKind.REFUSED, "psg_invalid", text)
    if status == 403 and told.code == "psa_settings_pending":
        raise ProviderError(FailureKind.PENDING, "psa_settings_pending", text)
    if status == 403:
        raise ProviderError(FailureKind.REFUSED, "forbidden", text)
    if status in (408, 423, 425, 429):
        retry_after = _retry_after(response.headers.get("retry-after"))
        raise ProviderError(FailureKind.TRANSIENT, "busy", text, retry_after=retry_after)
    if status >= 500:
        retry_after = _retry_after(response.headers.get("retry-after"))
        raise ProviderError(lost, "remote_error", text, retry_after=retry_after)
    if status < 400:
        raise ProviderError(FailureKind.TRANSIENT, "redirected", "redirects are not followed")
    raise ProviderError(FailureKind.PERMANENT, told.code or f"http_{status}", text)


def _json(answer: Answer, kind: FailureKind) -> Any:
    if "json" not in answer.media_type:
        raise _bad_answer(kind, f"{answer.media_type or 'no type'}, not JSON")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise _bad_answer(kind, f"broken JSON: {error}") from error


def _told(answer: Answer) -> WireError:
    try:
        return _error(_json(answer, FailureKind.TRANSIENT))
    except ProviderError:
        return WireError()


def _error(document: Any) -> WireError:
    try:
        return WireError.model_validate(document)
    except ValidationError:
        return WireError()


def _bad_answer(kind: FailureKind, text: str) -> ProviderError:
    return ProviderError(kind, "bad_answer", plain(["the remote answered with", text]))


def _unreachable(kind: FailureKind, error: Exception) -> ProviderError:
    return ProviderError(kind, "unreachable", plain([type(error).__name__, str(error)]))


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number or a date (RFC 9110 10.2.3); at most an hour."""
    if not value:
        return None
    if value.strip().isdigit():
        return min(_MAX_RETRY_AFTER, float(value))
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(_MAX_RETRY_AFTER, max(0.0, (moment - datetime.now(UTC)).total_seconds()))
