"""Tables that a test hands to the closing summary, also from another process (pytest-xdist)."""

import pytest

_KEY = "report"


def report(request: pytest.FixtureRequest, text: str) -> None:
    """Show `text` in the closing summary, whether the test passes or not."""
    request.node.user_properties.append((_KEY, text))


def reports(terminalreporter: pytest.TerminalReporter) -> list[str]:
    """Everything that tests reported, in the order in which they ended."""
    return [
        str(text)
        for results in terminalreporter.stats.values()
        for result in results
        if isinstance(result, pytest.TestReport) and result.when in ("call", "setup")
        for key, text in result.user_properties
        if key == _KEY
    ]
