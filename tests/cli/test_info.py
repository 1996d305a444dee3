"""`info`: what an archive is made of, and what dedup saved."""

import json
import random
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import Run, lines

NOISE = random.Random(9).randbytes(3 << 20)


@pytest.fixture
def archive(run: Run) -> Path:
    """Two versions: a file twice, a hole, a small file that changes, a link, a hard link."""
    Path("run").mkdir()
    Path("run/a").write_bytes(NOISE)
    Path("run/b").write_bytes(NOISE)
    Path("run/c").write_bytes(b"1")
    Path("run/d").hardlink_to("run/a")
    Path("run/e").symlink_to("a")
    with Path("run/sparse").open("wb") as file:
        file.truncate(20 << 20)
    run("compress", "-o", "run.cz", "run")
    Path("run/c").write_bytes(b"23")
    run("append", "run.cz", "run")
    return Path("run.cz")


def test_members_are_told_by_kind(run: Run, archive: Path) -> None:
    (found,) = lines(run("info", "--json", archive).stdout)

    plain = 2 * len(NOISE) + 2 + (20 << 20)
    assert found["kinds"] == [
        file := {"kind": "file", "members": 4, "plain_bytes": plain} | packed_of(found),
        {"kind": "folder", "members": 1, "plain_bytes": 0, "packed_bytes": 0, "ratio": None},
        {"kind": "symlink", "members": 1, "plain_bytes": 0, "packed_bytes": 0, "ratio": None},
        {"kind": "hardlink", "members": 1, "plain_bytes": 0, "packed_bytes": 0, "ratio": None},
    ]
    assert file["ratio"] == round(file["packed_bytes"] / plain, 4)
    assert (found["members"], found["plain_bytes"]) == (7, plain)
    assert (found["version"], found["versions"]) == (2, 2)


def test_what_dedup_saved_is_what_came_and_was_not_stored(run: Run, archive: Path) -> None:
    (found,) = lines(run("info", "--json", archive).stdout)

    assert found["taken_bytes"] == 2 * len(NOISE) + 1 + 2
    assert found["stored_bytes"] == len(NOISE) + 1 + 2
    assert found["dedup_bytes"] == len(NOISE)
    assert found["stored_bytes"] == sum(chain["plain_bytes"] for chain in found["chains"])


def test_each_chain_has_its_ratio(run: Run) -> None:
    Path("a").write_bytes(b"again and " * 1000)
    run("compress", "a")

    (found,) = lines(run("info", "--json", "a.cz").stdout)
    (chain,) = found["chains"]

    assert chain["ratio"] == round(chain["packed_bytes"] / 10_000, 4) < 0.1
    assert f", {100 * chain['ratio']:.1f} %, by".encode() in run("info", "a.cz").stdout


def test_people_read_the_same_from_a_file_and_a_pipe(run: Run, archive: Path) -> None:
    from_file = run("info", archive).stdout.decode().splitlines()
    from_pipe = run("info", input=archive.read_bytes()).stdout.decode().splitlines()

    assert from_file[1:] == from_pipe[1:]
    assert "versions        2" in from_file
    assert f"dedup bytes     {len(NOISE):,} (3.15 MB)" in from_file
    assert "kind            hardlink: 1" in from_file
    assert "kind            file: 4, 27.3 MB -> 3.15 MB, 11.5 %" in from_file


def packed_of(found: dict[str, Any]) -> dict[str, Any]:
    """Return what files take here: all blocks, for the one with what was replaced holds others, too."""
    packed = sum(chain["packed_bytes"] for chain in found["chains"])
    return {"packed_bytes": packed, "ratio": round(packed / found["plain_bytes"], 4)}


def test_a_large_files_blocks_count_for_its_kind(run: Run) -> None:
    Path("a").write_bytes(NOISE)
    run("compress", "--block-size", "64K", "--reach", "1M", "a")

    (found,) = lines(run("info", "--json", "a.cz").stdout)

    (kind,) = found["kinds"]
    assert len(NOISE) <= kind["packed_bytes"] == sum(use["packed_bytes"] for use in found["chains"])


def test_the_reach_of_what_was_appended_is_the_whole_archive(run: Run, archive: Path) -> None:
    (found,) = lines(run("info", "--json", archive).stdout)
    assert found["reach"] is None
    assert b"\nreach           the whole archive" in run("info", archive).stdout

    Path("a").write_bytes(NOISE[:1000])
    run("compress", "--reach", "1M", "a")
    (found,) = lines(run("info", "--json", "a.cz").stdout)
    assert found["reach"] == 1000
    run("compress", "-f", "a")
    assert b"\nreach           none" in run("info", "a.cz").stdout


def test_people_read_one_line_for_chains_that_differ_in_the_length_of_rows(run: Run) -> None:
    rng = random.Random(3)
    tensors = {f"w{n}": (n, [rng.gauss(0, 0.02) for _ in range(200 * n)]) for n in (90, 120)}
    Path("m.safetensors").write_bytes(safetensors_of(tensors))
    run("compress", "-7", "m.safetensors")

    (found,) = lines(run("info", "--json", "m.safetensors.cz").stdout)
    said = run("info", "m.safetensors.cz").stdout.decode()

    dense = [chain for chain in found["chains"] if chain["chain"].startswith("dense:")]
    assert len(dense) == 2
    size = sum(chain["plain_bytes"] for chain in dense)
    assert f"dense:dtype=fp32: 2 blocks, {size / 1000:.0f} kB" in said
    assert "columns" not in said


def safetensors_of(tensors: dict[str, tuple[int, list[float]]]) -> bytes:
    """Return a file of fp32 matrices, each with its columns and its numbers."""
    header: dict[str, Any] = {}
    content = b""
    for name, (columns, numbers) in tensors.items():
        begin = len(content)
        content += struct.pack(f"<{len(numbers)}f", *numbers)
        shape = [len(numbers) // columns, columns]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(content)]}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content
