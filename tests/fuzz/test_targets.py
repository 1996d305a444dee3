"""The fuzz targets: each kernel has one, and the table of results keeps its rows."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import campaign, report

KERNELS = Path(__file__).parents[2] / "compressor/kernels"
ASKS_THE_SYSTEM = {"smallfile", "status"}  # of files: tests/tree/test_smallfile.py, tests/kernels


def test_every_kernel_has_a_fuzz_target() -> None:
    kernels = {path.name.removesuffix("_kernel.c") for path in KERNELS.glob("*_kernel.c")}
    targets = {path.name.removesuffix("_fuzz.c") for path in Path(__file__).parent.glob("*_fuzz.c")}

    assert kernels - ASKS_THE_SYSTEM == targets


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


FAKE = """
import sys, time
folder = next((arg[17:] for arg in sys.argv if arg.startswith("-artifact_prefix=")), None)
if folder is None:  # a replay
    while {hangs}:
        pass
    sys.exit()
open(folder + "timeout-1", "wb").close()
sys.exit("ALARM: working on the last Unit\\nTest unit written to " + folder + "timeout-1")
"""
PLANTED = """
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    volatile int hangs = size > 0 && data[0] < 128;
    while (hangs) {
    }
    return 0;
}
"""


def run_of(
    folder: Path, command: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> campaign.Run:
    monkeypatch.setattr(campaign.Run, "command", command)
    monkeypatch.setattr(campaign.Run, "folder", folder)
    monkeypatch.setattr(campaign, "CPU_TIME", 1)
    monkeypatch.setattr(campaign, "TIMEOUT", 1)
    (folder / "corpus").mkdir()
    return campaign.Run("planted")


@pytest.mark.parametrize("hangs", [False, True])
def test_an_input_that_only_waited_is_no_finding_and_one_that_hangs_is(
    hangs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tmp_path, [sys.executable, "-c", FAKE.format(hangs=hangs)], monkeypatch)

    if hangs:
        with pytest.raises(campaign.FindingError, match="timeout-1"):
            campaign.fuzz_once(run, 1)
    else:
        campaign.fuzz_once(run, 1)

    assert (tmp_path / "timeout-1").exists() == hangs


@pytest.mark.skipif(not shutil.which("clang"), reason="needs clang")
def test_a_planted_hang_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, fuzzer = tmp_path / "planted.c", tmp_path / "fuzzer"
    source.write_text(PLANTED)
    built = subprocess.run(
        ["clang", *campaign.SANITIZERS, source, "-o", fuzzer], capture_output=True, check=False
    )
    if built.returncode:
        pytest.skip("needs clang's runtime")
    run = run_of(tmp_path, [fuzzer], monkeypatch)

    with pytest.raises(campaign.FindingError, match=r"timeout.*\n.*replay: .*timeout-"):
        campaign.fuzz_once(run, 20)
