"""The page at `/` needs nothing from elsewhere and lets nothing run that is not its own."""

import re

import httpx
import pytest

from patchbay_hub.page import PATHS, page_app


async def _answer(path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=page_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", PATHS)
async def test_every_file_has_its_type_and_a_strict_policy(path: str) -> None:
    answer = await _answer(path)

    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].startswith(("text/html", "text/css", "text/javascript"))


async def test_the_page_names_only_files_that_the_hub_serves() -> None:
    text = (await _answer("/")).text
    named = set(re.findall(r'(?:href|src)="([^"]+)"', text))

    assert named == {
        *set(PATHS) - {"/"},
        *("/openapi.json", "/asyncapi.json", "/readyz", "/metrics"),
    }
    assert "//" not in text
    assert not re.search(r"<script>|<style|\son\w+=", text)


async def test_the_script_writes_text_and_never_markup() -> None:
    script = (await _answer("/page.js")).text

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", script)
