"""The man pages that `make man` writes from the help."""

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from compressor.cli import COMMANDS

TOOL = Path(__file__).parents[2] / "tools/man_pages.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("man_pages", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tool: ModuleType, tmp_path: Path) -> Path:
    tool.main(tmp_path / "man1")
    return tmp_path / "man1"


def test_there_is_a_page_for_each_command(folder: Path) -> None:
    pages = {path.name for path in folder.iterdir()}

    assert pages == {"compressor.1", *(f"compressor-{verb}.1" for verb in COMMANDS)}
    assert "compressor\\-append" in (folder / "compressor.1").read_text()


def test_examples_keep_their_lines_and_options_are_all_there(folder: Path) -> None:
    text = (folder / "compressor-bench.1").read_text()

    assert "\n.nf\n  compressor bench model.safetensors\n" in text
    assert r"\fB\-\-sample SIZE\fR" in text
    assert "\b" not in text


def test_lines_that_roff_would_take_for_its_own_are_escaped(tool: ModuleType) -> None:
    assert tool.escaped(".cz\n'a' \\b -x") == "\\&.cz\n\\&'a' \\eb \\-x"


def test_groff_reads_them_without_a_complaint(folder: Path, peer: Callable[[str], str]) -> None:
    for page in folder.iterdir():
        call = [peer("groff"), "-man", "-ww", "-Tutf8", "-P-cbou", page]
        done = subprocess.run(call, capture_output=True, text=True, check=True)

        assert not done.stderr, done.stderr
        assert "EXIT STATUS" in done.stdout
