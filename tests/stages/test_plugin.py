"""Stages of other packages, by entry point: the example, installed without a package index."""

import json
import os
import random
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/third_party_codec"
NUMBERS = b"".join((n * 3).to_bytes(4, "little") for n in range(20_000))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do what pip does with the example: its module, and a dist-info with its entry points."""
    target = tmp_path_factory.mktemp("site")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    shutil.copy(EXAMPLE / "bytedelta.py", target)
    info = target / f"compressor_bytedelta-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return target


def run(*words: str, site: Path | None, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    path = os.pathsep.join(str(part) for part in (site, ROOT) if part)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "compressor", *words]
    return subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False)


def packed(codec: str, plain: bytes, site: Path) -> bytes:
    result = run("compress", "--codec", codec, "--verify", site=site, stdin=plain)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_filter_of_another_package_packs_and_unpacks(installed: Path) -> None:
    archive = packed("bytedelta:width=4 > zstd", NUMBERS, installed)

    result = run("decompress", site=installed, stdin=archive)

    assert len(archive) < len(packed("zstd", NUMBERS, installed)) / 2
    assert result.stdout == NUMBERS


@pytest.mark.parametrize("codec", ["bytedelta:width=3(lz4)", "bytedelta > bytedelta > store"])
def test_a_filter_of_another_package_goes_with_itself_and_with_ours(
    codec: str, installed: Path
) -> None:
    noise = random.Random(12).randbytes(10_000)

    result = run("decompress", site=installed, stdin=packed(codec, noise, installed))

    assert result.stdout == noise


def test_a_reader_without_the_package_says_which_stage_it_lacks(installed: Path) -> None:
    archive = packed("bytedelta:width=4 > zstd", NUMBERS, installed)

    result = run("decompress", site=None, stdin=archive)

    assert result.returncode == 5
    assert b"'bytedelta'" in result.stderr
    assert b"plug-in" in result.stderr
    assert result.stdout == b""


def test_a_writer_without_the_package_says_which_stage_it_lacks() -> None:
    result = run("compress", "--codec", "bytedelta > zstd", site=None)

    assert result.returncode == 2
    assert b"'bytedelta'" in result.stderr


def test_an_option_out_of_range_is_marked(installed: Path) -> None:
    result = run("compress", "--codec", "bytedelta:width=65 > zstd", site=installed)

    assert result.returncode == 2
    assert b"width is a number from 1 to 64" in result.stderr


def test_our_own_names_are_never_looked_up(installed: Path) -> None:
    code = (
        "import importlib.metadata as m\n"
        "def fail(**_): raise AssertionError\n"
        "m.entry_points = fail\n"
        "import compressor\n"
        "assert compressor.decompress(compressor.compress(b'abc', codec='zlib')) == b'abc'\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr


BROKEN = {
    "unloadable": "raise RuntimeError('no such GPU')",
    "absent": "import a_library_that_is_not_there",
    "left": "raise SystemExit(3)",
    "wordless": "def _provider(): raise KeyError('version')",
    "unmade": "class Odd:\n def __init__(self): raise OSError(2, 'No such file', 'model.bin')",
    "sizeless": "class Odd(Odd):\n block_size = property(lambda self: 1 // 0)",
    "failing": "class Odd(Odd):\n def encode(self, plain): raise ValueError('too\\nodd')",
    "giving": "class Odd(Odd):\n def encode(self, plain): return 'text'",
    "one_way": "class Odd(Odd):\n def decode(self, packed, plain_size): return [][1]",
}
"""Name of a stage -> what its module has besides what makes it whole."""
WHOLE = """
import zlib
from compressor.stages.base import Provider, StageInfo
class Odd:
    block_size = 1 << 20
    def encode(self, plain): return zlib.compress(plain)
    def decode(self, packed, plain_size): return zlib.decompress(packed)
    def encode_memory(self, plain_size): return 1 << 20
    def decode_memory(self, plain_size): return 1 << 20
def _provider(): return Provider("odd", "1", "MIT")
{}
STAGE = StageInfo("{}", "odd", Odd, _provider)
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with plug-ins each of which is broken in its own way."""
    target = tmp_path_factory.mktemp("broken")
    info = target / "odd_stages-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-stages\nVersion: 2.1\n")
    entries = "".join(f"{name} = odd_{name}:STAGE\n" for name in BROKEN)
    (info / "entry_points.txt").write_text(f"[compressor.stages]\n{entries}")
    for name, lines in BROKEN.items():
        (target / f"odd_{name}.py").write_text(WHOLE.format(lines, name))
    return target


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unloadable", "RuntimeError: no such GPU"),
        ("absent", "ModuleNotFoundError: No module named 'a_library_that_is_not_there'"),
        ("left", "SystemExit: 3"),
        ("unmade", "FileNotFoundError: [Errno 2] No such file: 'model.bin'"),
        ("sizeless", "ZeroDivisionError: integer division or modulo by zero"),
        ("failing", "ValueError: too"),
        ("giving", "TypeError: it gave str where bytes belong"),
    ],
)
def test_a_plug_in_that_raises_is_named_in_one_line(broken: Path, name: str, reason: str) -> None:
    done = run("compress", "--codec", name, site=broken, stdin=NUMBERS)

    assert (done.returncode, done.stdout) == (5, b"")
    assert done.stderr.decode() == (
        f"compressor: stage '{name}' fails in the plug-in that brings it, "
        f"'odd_{name}:STAGE' of odd-stages 2.1: {reason}; "
        "update or remove that package, or tell its authors\n"
    )


def test_a_plug_in_that_can_not_read_costs_the_members_that_need_it(broken: Path) -> None:
    archive = run("compress", "--codec", "one_way", "--no-verify", site=broken, stdin=NUMBERS)

    done = run("test", site=broken, stdin=archive.stdout)

    assert archive.returncode == 0
    assert done.returncode == 5
    assert b"'odd_one_way:STAGE' of odd-stages 2.1: IndexError: list index" in done.stderr


def test_codecs_lists_what_is_broken_and_goes_on(broken: Path) -> None:
    done = run("codecs", site=broken)
    found = [json.loads(line) for line in run("codecs", "--json", site=broken).stdout.splitlines()]

    assert (done.returncode, done.stderr) == (0, b"")
    state = {line["name"]: line["broken"] for line in found}
    assert {name for name, why in state.items() if why} == {
        "unloadable",
        "absent",
        "left",
        "wordless",
    }  # what the others break is met when they are used
    assert "KeyError: 'version'" in state["wordless"]
    assert state.keys() >= {"zstd", "lzo", *BROKEN}
    assert b"\nunloadable  broken: stage 'unloadable' fails in the plug-in" in done.stdout
    keys = [sorted(line) for line in found]
    assert keys.count(keys[0]) == len(keys)


def test_a_library_of_ours_that_can_not_be_loaded_breaks_no_list(tmp_path: Path) -> None:
    (tmp_path / "lz4.py").write_text("raise ImportError('lz4: undefined symbol')\n")

    done = run("codecs", site=tmp_path)
    packing = run("compress", "--codec", "lz4", site=tmp_path)

    assert done.returncode == 0
    assert b"\nlz4         broken: stage 'lz4' can't be had here" in done.stdout
    assert packing.returncode == 5
    assert b"lz4: undefined symbol" in packing.stderr
