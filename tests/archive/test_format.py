"""The tables of docs/format/archive.md say what the code does."""

import re
import struct
from pathlib import Path

import pytest

from compressor.archive import leaf, record, schema
from compressor.archive.record import Kind
from compressor.archive.writer import write_end
from compressor.errors import DamagedError
from compressor.plan.numbers import MOST_NEEDS
from compressor.stages import chain as chains
from tests.archive import hexdump
from tests.stagenames import BASED, CODECS, FILTERS

SPEC = (Path(__file__).parents[2] / "docs/format/archive.md").read_text()

TABLES = {
    "## HEAD": schema.Head,
    "### BLOCK": schema.Block,
    "### BASE": schema.Base,
    "### OPEN": schema.Open,
    "### EXTENTS": schema.Extents,
    "### MEMBERS": schema.Members,
    "The columns, each": leaf.Columns,
    "An owner:": leaf.Owner,
    "And the version:": schema.Version,
    "### ROOT": schema.Root,
    "An item:": schema.LeafRef,
}


def rows(after: str) -> list[list[str]]:
    """Return the cells of the first table behind a line."""
    text = SPEC.split(after, 1)[1]
    table = re.search(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    assert table
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]
    ]


@pytest.mark.parametrize("after", TABLES)
def test_a_table_lists_the_elements_of_its_array_in_order(after: str) -> None:
    listed = [(row[0], row[1]) for row in rows(after)]

    fields = TABLES[after].__struct_fields__
    assert listed == [(str(index), name) for index, name in enumerate(fields)]


def test_the_frame_is_the_one_that_the_table_describes() -> None:
    sizes = [int(row[1]) for row in rows("## Records")[:7]]

    header = record.header_bytes(record.draft(Kind.PAD, b"", bytes(5), flags=1), 0x0102030405060708)
    unpacked = struct.unpack("<4sBBHIIQQ", header)
    assert sizes == [4, 1, 1, 2, 4, 4, 8]
    assert unpacked[:-1] == (bytes.fromhex("C55AD21E"), 9, 1, 0, 0, 5, 0x0102030405060708)
    assert len(header) == record.HEADER_SIZE == 32


def test_the_magic_and_the_sync_mark_are_those_of_the_text() -> None:
    magic = re.search(r"\*\*Magic\*\*: `([0-9A-F ]+)`", SPEC)

    assert magic
    assert bytes.fromhex(magic[1]) == record.MAGIC
    assert f"`{record.SYNC.hex(' ').upper()}`" in SPEC


UNITS = {"KiB": 1 << 10, "MiB": 1 << 20}


def size(cell: str) -> int:
    if "block_size" in cell:
        return record.MAX_BLOCK
    number, _, unit = cell.partition(" ")
    return int(number) * UNITS.get(unit, 1)


def accepts(kind: int, meta_size: int, body_size: int) -> bool:
    fields = struct.pack("<4sBBHIIQ", record.SYNC, kind, 0, 0, meta_size, body_size, 8)
    data = fields + struct.pack("<Q", record.xxh3_64_intdigest(fields))
    try:
        record.parse_header(data, 8)
    except record.DamagedError:
        return False
    return True


@pytest.mark.parametrize("row", rows("for\none of its own."), ids=lambda row: row[1] or row[0])
def test_a_kind_has_its_number_its_name_and_its_largest_sizes(row: list[str]) -> None:
    number = int(row[0]) if row[0].isdigit() else 200
    meta, body = size(row[4]), size(row[5])

    assert record.kind_name(number) == (row[1] or "kind 200")
    assert accepts(number, meta, body)
    assert not accepts(number, meta + 1, 0)
    assert not accepts(number, 0, body + 1)


def test_every_kind_of_the_code_is_in_the_table() -> None:
    assert [row[1] for row in rows("for\none of its own.")] == [kind.name for kind in Kind] + [""]


def test_the_reserved_kinds_belong_to_the_features_that_the_table_names() -> None:
    named = {row[1]: row[2].split("`")[1] for row in rows("for\none of its own.") if "`" in row[2]}

    assert named == {kind.name: feature for kind, feature in record.RESERVED.items()}


def test_the_footer_has_its_fields_where_the_table_says() -> None:
    body = schema.pack_footer(schema.Footer(1, 2, 3))

    listed = [(row[0], row[1], row[2]) for row in rows("### FOOTER")]
    names = schema.Footer.__struct_fields__
    assert listed == [(str(32 + 8 * n), "8", name) for n, name in enumerate(names)]
    assert body == struct.pack("<3Q", 1, 2, 3)
    assert 32 + len(body) + 8 == record.FOOTER_SIZE == 64


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("at most {} bytes", schema.MAX_NAME),
        ("at most {} are `/`", schema.MAX_SLASHES),
        ("[span], 1 to {}", schema.MAX_PAGE),
        ("[item], 1 to {}", schema.MAX_PAGE),
        ("number, 0 to {}", schema.MAX_LEVEL),
        ("number, 0 to {}", schema.MAX_ENTRIES),
        ("and are at most {}", schema.MAX_FRESH),
        ("[piece], at most {}", schema.MAX_PIECES),
        ("{} bytes for each piece", schema.PIECE_HASH),
        ("[span], at most {} |", schema.MAX_BASE),
        ("number, 0 to {}", schema.MAX_NEEDS),
        ("at most {} do in an archive", schema.MAX_BASES),
        ("stop at {} and store a full state", MOST_NEEDS),
        ("bytes of the columns, at most {}", leaf.MAX_LEAF),
        ("in full, have at most {} bytes", leaf.MAX_LEAF),
        ("in all at most {} bytes of names and values", schema.MAX_XATTRS),
        ("more than {} elements", schema.MAX_ENTRIES),
        ("At most\n{} characters", chains.MAX_TEXT),
        ("{} stages, and", chains.MAX_STAGES),
        ("and {} stages from", chains.MAX_DEPTH),
    ],
)
def test_a_limit_of_the_text_is_that_of_the_code(words: str, value: int) -> None:
    assert words.format(value) in SPEC


def test_records_of_the_longest_names_are_as_large_as_their_kinds_may_be() -> None:
    name = b"n" * schema.MAX_NAME
    base = schema.Base(name, schema.MAX_COUNT, bytes(32))
    assert len(schema.pack(schema.Open(schema.MAX_COUNT, name, 0))) <= record.MAX_META
    assert len(schema.pack(base)) <= record.MAX_META

    refs = [schema.LeafRef(10**15 + number, name, name) for number in range(150)]
    written: list[bytes] = []
    write_end(lambda data: written.append(bytes(data)), 10**16, refs, 10**15, 0)
    archive, at, roots = b"".join(written), 0, 0
    while at < len(archive):
        header = record.parse_header(archive[at : at + record.HEADER_SIZE], 10**16 + at)  # F-007
        roots += header.kind == Kind.ROOT
        at = header.end - 10**16
    assert roots == 4


def test_a_member_does_not_open_by_too_deep_a_name() -> None:
    name = b"a/" * (schema.MAX_SLASHES + 1) + b"a"
    with pytest.raises(DamagedError, match="too deep"):
        schema.unpack_open(schema.pack(schema.Open(0, name, schema.FILE)), 8)
    assert (
        schema.unpack_open(schema.pack(schema.Open(0, name[2:], schema.FILE)), 8).name == name[2:]
    )


def test_a_root_of_many_short_names_has_as_many_as_it_may() -> None:
    refs = [schema.LeafRef(10**9 + number, b"a", b"b") for number in range(schema.MAX_PAGE)]
    written: list[bytes] = []
    write_end(lambda data: written.append(bytes(data)), 10**10, refs, 10**9, 0)
    assert len(b"".join(written)) < 40 * schema.MAX_PAGE


def test_every_stage_of_ours_is_described() -> None:
    for heading, names in (("### Codecs", CODECS + BASED), ("### Filters", FILTERS)):
        assert set(names) == {row[0].strip("`") for row in rows(heading)}


def test_the_annotated_dump_is_what_the_code_writes() -> None:
    text = SPEC.split("## An archive, byte by byte", 1)[1]

    assert text.split("```")[1].strip() == "text\n" + hexdump.dump()
