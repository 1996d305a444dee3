"""The reader that stands beside the specification reads what the format promises, and nothing else."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from tests.docs.blocks import ROOT

READER = ROOT / "docs/educational_reader.py"
FOLDER = ROOT / "tests/vectors/archive"
INDEX: dict[str, dict[str, Any]] = json.loads((FOLDER / "index.json").read_text())
CODECS = ("bz2", "huffman", "lz4", "lz77", "lz78", "lzma", "lzo", "lzw", "preset", "zstd")
MISSING = {f"filter-{name}": name for name in ("fields", "floatsplit", "zeromask")}
MISSING |= {f"codec-{name}": name for name in CODECS}
DIFFERENCES = [name for name in INDEX if name.startswith("good-difference")]
MISSING |= {name[len("good-") : -len(".cz")]: "floatdelta" for name in DIFFERENCES}
GOOD = [
    name
    for name in INDEX
    if name.startswith("good-") and not name.endswith(tuple(f"{one}.cz" for one in MISSING))
]
LEFT_OUT = {f"F-{number:03}" for number in (7, 16, 22, 23, 25, 26, 29, 30, 31, 32, 33, 38, 41)}
LEFT_OUT |= {f"F-{number:03}" for number in (45, 46, 47, 49, 52, 53, 54, 55, 56, 57)}
UNSEEN = {  # of the other checks: what is not looked at
    "bad-F-010-block-size.cz",
    "bad-F-010-feature.cz",
    "bad-F-010-mode.cz",
    "bad-F-010-negative.cz",
    "bad-F-010-no-block-size.cz",
    "bad-F-010-piece.cz",
    "bad-F-010-sizes.cz",
    "bad-F-010-user.cz",
    "bad-F-035-attribute.cz",
    "bad-F-035-owner.cz",
    "bad-F-035-target.cz",
    "bad-F-044-number.cz",
    "bad-F-044-same-number.cz",
    "bad-F-048-attributes-of.cz",
    "bad-F-048-attributes-order.cz",
    "bad-F-048-attributes-twice.cz",
    "bad-F-048-attributes.cz",
    "bad-F-048-devices.cz",
    "bad-F-048-modes.cz",
    "bad-F-048-mtimes.cz",
    "bad-F-048-owner-of.cz",
    "bad-F-048-owner.cz",
    "bad-F-051-added.cz",
}
ELSEWHERE = {  # refused for another reason than their name's
    "bad-F-010-count.cz": "F-022",
    "bad-F-010-level.cz": "F-039",
    "bad-F-018-sync.cz": "F-004",
    "bad-F-019-above-block-size.cz": "F-024",
    "bad-F-019-empty-block.cz": "F-028",
    "bad-F-019-packed-above-plain.cz": "F-024",
    "bad-F-027-overflow.cz": "F-039",
    "bad-F-048-kept-behind.cz": "F-050",
    "bad-F-048-kept-folder.cz": "F-050",
    "bad-F-048-no-extents.cz": "F-039",
    "bad-F-048-short-hash.cz": "F-039",
    "bad-F-051-there.cz": "F-040",
}
REFUSED = [
    name
    for name in INDEX
    if not name.startswith("good-") and not any(check in name for check in LEFT_OUT)
]

sys.path.insert(0, str(READER.parent))
import educational_reader as reader  # noqa: E402  # not in a package: it stands among the documents

sys.path.remove(str(READER.parent))


def members(data: bytes) -> list[tuple[bytes, int, str]]:
    """What lives in the last version of each archive; of what is no file, its target counts."""
    found = []
    for archive in reader.archives(data):
        for name, one in archive.live.items():
            content = one.target if one.kind else archive.content(one)
            found.append((name, len(content), blake3(content).hexdigest()))
    return found


def promised(name: str) -> list[tuple[bytes, int, str]]:
    members = INDEX[name]["members"]
    return [(one["name"].encode("latin-1"), one["size"], one["blake3"]) for one in members]


def check_of(name: str) -> str | None:
    """Return the number of the check that must refuse this file, None if the reader takes it."""
    if name in UNSEEN:
        return None
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    number = "-".join(name.split("-")[1:3])
    codec_missing = number == "F-020" or "F-024-zstd" in name
    # What is wrong with a difference is behind what is not known here.
    different = number != "F-006" and b"floatdelta" in (FOLDER / name).read_bytes()
    return "F-021" if codec_missing or different else number


@pytest.mark.parametrize("name", GOOD)
def test_it_reads_forward_what_the_vectors_promise(name: str) -> None:
    assert sorted(members((FOLDER / name).read_bytes())) == sorted(promised(name))


@pytest.mark.parametrize("name", sorted(MISSING))
def test_it_refuses_stages_that_it_lacks_by_their_names(name: str) -> None:
    with pytest.raises(reader.RefusedError, match=f"^F-021: .*{MISSING[name]}"):
        members((FOLDER / f"good-{name}.cz").read_bytes())


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_what_breaks_the_checks_that_it_makes(name: str) -> None:
    data, check = (FOLDER / name).read_bytes(), check_of(name)
    if check is None:
        members(data)
        return
    with pytest.raises(reader.RefusedError) as refused:
        members(data)
    assert check in str(refused.value).split(":")[0]


@pytest.mark.parametrize("name", ["good-every-kind", "good-appended", "good-folder"])
def test_it_refuses_every_cut_and_every_flipped_bit(name: str) -> None:
    data = (FOLDER / f"{name}.cz").read_bytes()
    first = data.index(b"\xc5Z\xd2\x1e\x08") + 64  # here the first version ends
    cut = [data[:size] for size in range(len(data)) if size != first]
    flips = [(at, 1 << bit) for at in range(len(data)) for bit in range(8)]
    flipped = [data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :] for at, bit in flips]

    for damaged in cut + flipped:
        with pytest.raises(reader.RefusedError):
            members(damaged)


def test_it_writes_a_member_and_lists_all(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    archive = tmp_path / "a.cz"
    archive.write_bytes((FOLDER / "good-one-small-file.cz").read_bytes())

    reader.main(str(archive), "notes/a.txt")
    sys.stdout.buffer.flush()
    assert capfdbinary.readouterr().out == b"first block, 22 bytes\n"

    reader.main(str(archive))
    sys.stdout.flush()
    assert capfdbinary.readouterr().out.startswith(b"f522d9d4")


def test_it_is_read_in_one_sitting_and_stands_alone() -> None:
    source = READER.read_text()
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import)]
    partly = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    modules = {alias.name for node in imports for alias in node.names}
    modules |= {node.module or "" for node in partly}

    assert source.count("\n") <= 300
    assert {name.split(".")[0] for name in modules} - sys.stdlib_module_names == {
        "blake3",
        "xxhash",
    }
