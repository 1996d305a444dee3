"""The fuzz targets: each kernel has one, and the table of results keeps its rows."""

from pathlib import Path

import pytest

from tests.fuzz import report

KERNELS = Path(__file__).parents[2] / "compressor/kernels"


def test_every_kernel_has_a_fuzz_target() -> None:
    kernels = {path.name.removesuffix("_kernel.c") for path in KERNELS.glob("*_kernel.c")}
    targets = {path.name.removesuffix("_fuzz.c") for path in Path(__file__).parent.glob("*_fuzz.c")}

    assert kernels == targets


def test_a_new_row_replaces_its_own_and_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- results -->\n| n | v |\n|---|---|\n| b | 1 |\n| c | 2 |\n<!-- /results -->\nz\n"
    )
    monkeypatch.setattr(report, "PAGE", page)

    report.update({"c": ["3"], "a": ["4"]})

    assert "| a | 4 |\n| b | 1 |\n| c | 3 |\n<!-- /results -->\nz\n" in page.read_text()
