"""The reader that stands beside the specification reads what the format promises, and nothing else."""

import ast
import io
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
MISSING = {"huffman", "lz4", "lzo", "lzw", "zstd"}
GOOD = [
    name
    for name in INDEX
    if name.startswith("good-") and not name.endswith(tuple(f"codec-{one}.cz" for one in MISSING))
]
LEFT_OUT = {
    "F-023",
    "F-025",
    "F-026",
    "F-029",
    "F-030",
    "F-031",
    "F-032",
    "F-033",
    "F-038",
    "F-041",
}
LEFT_OUT |= {"F-044"}
ELSEWHERE = {  # refused or accepted for another reason than their name's
    "bad-F-010-sizes.cz": None,
    "bad-F-010-span.cz": None,
    "bad-F-019-empty-block.cz": "F-028",
    "bad-F-022-reach.cz": None,  # blocks are read again instead of kept
    "bad-F-027-level-0.cz": "F-046",
    "bad-F-027-overflow.cz": "F-039",
    "bad-F-028-before.cz": "F-046",
    "bad-F-046-no-leaf.cz": None,  # seen by who looks for a name
    "bad-F-047-expansion.cz": "F-022",
    "unsupported-F-013-appended.cz": "F-018",  # F-013 by who begins with the footer
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
    entries = reader.read_forward(io.BytesIO(data))
    return [(entry.name, entry.size, entry.content_hash.hex()) for entry in entries]


def promised(name: str) -> list[tuple[bytes, int, str]]:
    members = INDEX[name]["members"]
    return [(one["name"].encode("latin-1"), one["size"], one["blake3"]) for one in members]


def check_of(name: str) -> str | None:
    """Return the number of the check that must refuse this file, None if the reader takes it."""
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    number = "-".join(name.split("-")[1:3])
    codec_missing = number == "F-020" or "F-024-zstd" in name
    return "F-021" if codec_missing else number


@pytest.mark.parametrize("name", GOOD)
def test_it_reads_forward_what_the_vectors_promise(name: str) -> None:
    assert members((FOLDER / name).read_bytes()) == promised(name)


@pytest.mark.parametrize("name", GOOD)
def test_it_finds_each_member_by_its_name(name: str) -> None:
    file = io.BytesIO((FOLDER / name).read_bytes())
    last = {member: digest for member, _, digest in promised(name)}

    found = {member: blake3(reader.read_member(file, member)).hexdigest() for member in last}

    assert found == last


@pytest.mark.parametrize("codec", sorted(MISSING))
def test_it_refuses_codecs_that_it_lacks_by_their_names(codec: str) -> None:
    with pytest.raises(reader.RefusedError, match=f"^F-021: .*{codec}$"):
        members((FOLDER / f"good-codec-{codec}.cz").read_bytes())


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_what_breaks_the_checks_that_it_makes(name: str) -> None:
    data, check = (FOLDER / name).read_bytes(), check_of(name)
    if check is None:
        members(data)
        return
    with pytest.raises(reader.RefusedError) as refused:
        members(data)
    assert check in str(refused.value).split(":")[0]


@pytest.mark.parametrize("name", ["unsupported-F-013-appended.cz", "bad-F-046-no-leaf.cz"])
def test_who_begins_with_the_footer_refuses_what_only_references_tell(name: str) -> None:
    with pytest.raises(reader.RefusedError, match="-".join(name.split("-")[1:3])):
        reader.read_member(io.BytesIO((FOLDER / name).read_bytes()), b"a")


def test_it_refuses_every_cut_and_every_flipped_bit() -> None:
    data = (FOLDER / "good-every-kind.cz").read_bytes()
    cut = [data[:size] for size in range(len(data))]
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
    assert capfdbinary.readouterr().out.startswith(b"22 f522d9d4")


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
