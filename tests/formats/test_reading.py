"""What other programs write is read; what was done to it on the way is told."""

import gzip
import io
import random
import zlib
from collections.abc import Iterable

import pytest

from compressor.errors import CompressorError, DamagedError, LimitError, TruncatedError
from compressor.formats import gz
from compressor.formats.packed import Packed
from compressor.formats.table import MODULES, format_by_name, format_of, plain_name, read
from tests.formats.samples import CONTENTS, NOISE, PACK, TEXT, Peer, piped

MEMORY = 1 << 28


def plain_of(packed: bytes, name: str | None = None, memory: int = MEMORY) -> bytes:
    found = format_by_name(name) if name else format_of(packed[:512])
    assert found is not None
    return b"".join(read(found, Packed(io.BytesIO(packed).read, found.words), memory))


def dribbled(parts: Iterable[bytes], name: str) -> bytes:
    """Read what comes in small pieces, as from a pipe."""
    rest = iter(parts)
    packed = Packed(lambda _size: next(rest, b""), name)
    return b"".join(read(format_by_name(name), packed, MEMORY))


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("content", CONTENTS)
def test_what_its_own_program_wrote_is_read(name: str, content: str, peer: Peer) -> None:
    packed = piped(peer, PACK[name], CONTENTS[content])

    found = format_of(packed[:512])

    assert found is not None
    assert found.name == name
    assert plain_of(packed) == CONTENTS[content]


OTHERS = {
    "gz": [("gzip", "-1c"), ("gzip", "-9c")],
    "bz2": [("bzip2", "-1c")],
    "xz": [("xz", "-0c", "--check=sha256"), ("xz", "-c", "--check=none", "--block-size=9999")],
    "lzma": [("xz", "--format=lzma", "--lzma1=lc=0,pb=0,dict=8KiB", "-c")],
    "lz4": [("lz4", "-9c", "-BD"), ("lz4", "-lc"), ("lz4", "-c", "-B4", "-BX", "--no-frame-crc")],
    "zst": [("zstd", "-19c"), ("zstd", "-c", "--no-check", "-T1"), ("zstd", "-c", "--long=27")],
    "lzo": [("lzop", "-9c"), ("lzop", "-1c", "--crc32"), ("lzop", "-c", "-F")],
    "Z": [("compress", "-c", "-b", bits) for bits in ("10", "11", "12", "14", "16")]
    + [("compress", "-c", "-C"), ("compress", "-c", "-C", "-b", "10")],
}  # fmt: skip


@pytest.mark.parametrize("words", [(n, w) for n in OTHERS for w in OTHERS[n]], ids=str)
def test_its_other_ways_to_write_are_read(words: tuple[str, tuple[str, ...]], peer: Peer) -> None:
    name, command = words
    content = TEXT + NOISE + TEXT

    assert plain_of(piped(peer, command, content), name) == content


@pytest.mark.parametrize("name", ["gz", "bz2", "xz", "lz4", "zst", "lzo"])
def test_files_in_a_row_are_one(name: str, peer: Peer) -> None:
    packed = piped(peer, PACK[name], TEXT)
    empty = piped(peer, PACK[name], b"")

    assert plain_of(packed + empty + packed) == TEXT + TEXT


def test_padding_is_passed_over_where_the_format_has_it(peer: Peer) -> None:
    for name in ("gz", "bz2", "lzo"):
        packed = piped(peer, PACK[name], TEXT)
        assert plain_of(packed + bytes(1000) + packed + bytes(3)) == TEXT + TEXT
        with pytest.raises(DamagedError, match="followed by something else"):
            plain_of(packed + bytes(9) + b"x")
    xz = piped(peer, PACK["xz"], TEXT)
    assert plain_of(xz + bytes(4) + xz) == TEXT + TEXT
    with pytest.raises(DamagedError, match="multiple of 4"):
        plain_of(xz + bytes(3))


@pytest.mark.parametrize("name", MODULES)
def test_what_comes_in_small_pieces_is_the_same(name: str, peer: Peer) -> None:
    content = TEXT[:5000] + NOISE[:3000] + TEXT
    packed = piped(peer, PACK[name], content)

    for step in (1, 7, 1000):
        parts = (packed[at : at + step] for at in range(0, len(packed), step))
        assert dribbled(parts, name) == content


@pytest.mark.parametrize("name", [name for name in MODULES if name != "Z"])
def test_an_end_that_comes_too_early_is_told(name: str, peer: Peer) -> None:
    packed = piped(peer, PACK[name], TEXT)

    for end in {*range(14, len(packed), len(packed) // 23), len(packed) - 1}:
        with pytest.raises(TruncatedError, match="ends too early"):
            plain_of(packed[:end], name)


CHECKED = [name for name in MODULES if name not in ("Z", "lzma")]


@pytest.mark.parametrize("name", MODULES)
def test_a_turned_bit_is_told_or_harmless(name: str, peer: Peer) -> None:
    """Where the format has a check; where it has none the reader survives at least."""
    packed = piped(peer, PACK[name], TEXT)
    chosen = random.Random(5)
    harmed = 0
    for _ in range(80):
        damaged = bytearray(packed)
        damaged[chosen.randrange(len(packed))] ^= 1 << chosen.randrange(8)
        try:
            plain = plain_of(bytes(damaged), name)
        except CompressorError:
            harmed += 1
        else:
            assert name not in CHECKED or plain == TEXT
    assert harmed > 20 or name not in CHECKED


# .lzma's may be without an end mark, .Z's always are: what follows is taken for codes.
@pytest.mark.parametrize("name", CHECKED)
def test_other_bytes_behind_the_end_are_told(name: str, peer: Peer) -> None:
    with pytest.raises(DamagedError, match="followed by something else"):
        plain_of(piped(peer, PACK[name], TEXT) + b"some other bytes", name)


def test_noise_behind_a_magic_is_an_error_of_ours() -> None:
    chosen = random.Random(7)
    starts = dict.fromkeys(MODULES, b"")
    starts |= {
        "gz": b"\x1f\x8b\x08\0\0\0\0\0\0\3", "bz2": b"BZh91AY&SY", "xz": b"\xfd7zXZ\0",
        "lz4": b"\x04\x22\x4d\x18", "zst": b"\x28\xb5\x2f\xfd", "lzo": b"\x89LZO\0\r\n\x1a\n",
        "Z": b"\x1f\x9d\x90", "lzma": b"]\0\0\x80\0" + b"\xff" * 8,
    }  # fmt: skip
    for name, start in starts.items():
        for _ in range(60):
            data = start + chosen.randbytes(chosen.randrange(300))
            try:
                plain_of(data, name)
            except CompressorError:
                continue


def test_a_window_beyond_the_memory_is_refused(peer: Peer) -> None:
    with pytest.raises(LimitError, match="needs 129 MiB"):
        plain_of(piped(peer, ("zstd", "-c", "--long=27"), TEXT), memory=1 << 26)
    with pytest.raises(LimitError, match="window"):
        plain_of(piped(peer, PACK["xz"], TEXT), memory=1 << 20)


def test_a_bomb_comes_in_small_pieces(peer: Peer) -> None:
    zeros = bytes(9 << 20)
    for name in ("gz", "bz2", "xz", "lz4", "zst"):
        packed = piped(peer, (*PACK[name], "-1"), zeros)
        found = format_by_name(name)
        pieces = [len(p) for p in read(found, Packed(io.BytesIO(packed).read, ""), MEMORY)]
        assert sum(pieces) == len(zeros)
        assert max(pieces) <= 4 << 20


def test_gzip_is_read_without_isa_l(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gz, "isal", lambda: None)
    packed = piped(peer, PACK["gz"], TEXT)

    assert plain_of(packed + packed) == TEXT + TEXT
    with pytest.raises(TruncatedError):
        plain_of(packed[:-1])


def member(flags: int, content: bytes, check: int = 0) -> bytes:
    """Return a member of gzip with the fields that its flags say; ``check`` is added to the header's."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    head += b"\5\0a\0b\0c" if flags & gz.EXTRA else b""
    head += b"report.txt\0" if flags & gz.NAME else b""
    head += b"nightly\0" if flags & gz.COMMENT else b""
    if flags & gz.CHECKED:
        head += (zlib.crc32(head) + check & 0xFFFF).to_bytes(2, "little")
    return head + gzip.compress(content)[10:]


@pytest.mark.parametrize("library", ["isal", "zlib"])
def test_gzip_headers_may_come_in_any_two_pieces(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once with all fields; and with any of them, cut where the first bytes are looked at."""
    if library == "zlib":
        monkeypatch.setattr(gz, "isal", lambda: None)
    packed = member(31, b"one") + member(31, b"two")

    for at in range(len(packed)):
        assert dribbled([packed[:at], packed[at:]] if at else [packed], "gz") == b"onetwo"
    for flags in range(32):
        packed = member(flags, b"one") + member(flags, b"two")
        assert dribbled([packed[:13], packed[13:]], "gz") == b"onetwo"
        assert dribbled((packed[at : at + 1] for at in range(len(packed))), "gz") == b"onetwo"


def test_gzip_headers_that_are_damaged_or_too_large_are_told() -> None:
    whole = member(31, b"one")
    for end in range(1, whole.index(b"nightly") + 10):
        with pytest.raises(TruncatedError, match="ends too early"):
            plain_of(whole[:end], "gz")
    with pytest.raises(DamagedError, match="header fails its check"):
        plain_of(member(31, b"one", check=1))
    for flag in (0x20, 0x40, 0x80):
        with pytest.raises(DamagedError, match="flags that gzip does not know"):
            plain_of(member(flag, b"one"))
    with pytest.raises(DamagedError, match="more than 1048576 bytes"):
        plain_of(member(8, b"").replace(b"report", b"report" * 200_000))
    assert plain_of(member(8, b"one").replace(b"report", b"report" * 100_000)) == b"one"


def test_frames_that_hold_nothing_are_skipped(peer: Peer) -> None:
    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    for name in ("zst", "lz4"):
        packed = skipped + piped(peer, PACK[name], TEXT) + skipped
        found = format_of(packed[:512])
        assert found is not None
        assert found.name == name
        assert plain_of(packed) == TEXT


def test_names_tell_what_the_content_is_called() -> None:
    wanted = {
        "a.gz": "a", "a.tgz": "a.tar", "a.tar.xz": "a.tar", "b.txz": "b.tar", "c.Z": "c", "d.zst": "d",
        ".gz": None, "a": None, "a.GZ": "a", "e.tbz2": "e.tar", "f.lzma": "f", "g.lz4": "g",
        "X.TGZ": "X.tar", "x.z": "x", "İ.gz": "İ",
    }  # fmt: skip
    assert {name: plain_name(name) for name in wanted} == wanted


def test_nothing_else_is_taken_for_one_of_these() -> None:
    for start in (
        bytes(512),
        b"PK\x03\x04" * 9,
        TEXT[:512],
        b"",
        b"\x1f",
        b"BZhello there",
        b"]\0\0" + b"\1" * 20,
    ):
        assert format_of(start) is None
