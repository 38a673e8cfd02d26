"""Parts of a service are imported when somebody asks for them."""

import sys

import pytest

from patchbay_kit.lazy import called_at, found_at


def test_a_part_is_imported_when_it_is_asked_for() -> None:
    sys.modules.pop("colorsys", None)
    find, call = found_at("colorsys:ONE_THIRD"), called_at("colorsys:rgb_to_hls")
    assert "colorsys" not in sys.modules
    assert find() == pytest.approx(1 / 3)
    assert call(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)


def test_a_place_that_is_not_there_is_told() -> None:
    with pytest.raises(ImportError):
        found_at("colorsys_is_not:x")()
    with pytest.raises(AttributeError):
        called_at("colorsys:nothing")()
