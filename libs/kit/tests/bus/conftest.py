"""Lets pytest explain the suite's assertions as it does those of a test file."""

import pytest

pytest.register_assert_rewrite("patchbay_kit.testing.bus_suite", "patchbay_kit.testing.bus_harness")
