"""The Makefile: what it installs starts as fast as what users install."""

from pathlib import Path

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def test_an_editable_package_has_no_finder_that_each_start_would_load() -> None:
    lines = [line for line in MAKEFILE.read_text().splitlines() if "--editable" in line]

    assert lines == ["EDITABLE := --config-settings editable_mode=compat --editable"]
