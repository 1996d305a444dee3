"""Stages of other packages, by entry point: the example, installed without a package index."""

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

    assert result.returncode == 5
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
