"""What an append refers to is sound: content whose bytes are at hand is never left to a damaged block."""

import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from compressor.archive.index import Index, indexes
from compressor.archive.record import HEADER_SIZE, Kind, parse_header
from compressor.archive.source import RandomSource
from tests.engine.crashes import command, done, extracted

ARCHIVE = Path("a.cz")
OPTIONS = ("--block-size", "64K", "-T1")
NOISE = random.Random(3).randbytes(300_000)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks() -> list[tuple[int, int]]:
    """Return the body of each block: where it begins and ends."""
    data, at, found = ARCHIVE.read_bytes(), 8, []
    while at < len(data):
        header = parse_header(data[at : at + HEADER_SIZE], at)
        if header.kind == Kind.BLOCK:
            found.append((at + HEADER_SIZE + header.meta_size, header.end - 8))
        at = header.end
    return found


def damage(numbers: Iterable[int]) -> None:
    """Turn a bit in the body of some blocks; what they list of pieces stays sound."""
    data, bodies = bytearray(ARCHIVE.read_bytes()), blocks()
    for number in numbers:
        begin, end = bodies[number]
        data[(begin + end) // 2] ^= 1
    ARCHIVE.write_bytes(data)


def made(**files: bytes) -> None:
    Path("run").mkdir(exist_ok=True)
    for name, content in files.items():
        Path("run", name).write_bytes(content)


def got(name: str) -> bytes | None:
    return extracted(ARCHIVE, Path("out"), f"run/{name}")[1].get(f"run/{name}")


def grown(*words: str) -> int:
    """Append; return by how much the archive grew."""
    size = ARCHIVE.stat().st_size
    done("append", ARCHIVE, *OPTIONS, "run", *words)
    return ARCHIVE.stat().st_size - size


def test_new_content_never_refers_to_a_damaged_block() -> None:
    made(large=NOISE, small=NOISE[:3000])
    done("compress", *OPTIONS, "run", "-o", ARCHIVE)
    count = len(blocks())
    damage([1, count - 1])
    made(other=NOISE, tiny=NOISE[:3000])
    assert grown() < 64 * 1024 + 3000 + 3000  # the sound blocks are referred to all the same
    assert (got("other"), got("tiny")) == (NOISE, NOISE[:3000])
    assert got("large") is None


def test_a_file_that_is_read_and_is_the_same_is_stored_again_where_it_was_damaged() -> None:
    made(large=NOISE, sound=NOISE[:100])
    done("compress", *OPTIONS, "run", "-o", ARCHIVE)
    damage([2])
    for name in ("large", "sound"):
        os.utime(Path("run", name))
    assert 60_000 < grown() < 70_000
    assert (got("large"), got("sound")) == (NOISE, NOISE[:100])
    assert command("extract", ARCHIVE, "--at", "1", "-C", "first")[0] == 4


def test_checksum_mends_what_is_damaged() -> None:
    made(large=NOISE)
    done("compress", *OPTIONS, "run", "-o", ARCHIVE)
    damage([0, 3])
    assert 120_000 < grown("--checksum") < 140_000
    assert got("large") == NOISE


def test_damage_that_was_met_is_told_once() -> None:
    made(large=NOISE)
    done("compress", *OPTIONS, "run", "-o", ARCHIVE)
    damage([1, 2])
    made(other=NOISE)
    code, _, said = command("append", ARCHIVE, *OPTIONS, "run")
    assert (code, said.count("\n")) == (0, 1)
    assert "damaged blocks were not referred to: 2" in said


def test_what_is_stored_again_is_stored_once() -> None:
    made(large=NOISE[:60_000])
    done("compress", *OPTIONS, "run", "-o", ARCHIVE)
    damage([0])
    made(one=NOISE[:60_000], two=NOISE[:60_000], three=NOISE[:60_000])
    assert grown() < 64_000


def test_each_old_block_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made(large=NOISE)
    done("compress", *OPTIONS, "run", "-o", ARCHIVE)
    asked = []
    real = Index.has_sound_block
    monkeypatch.setattr(
        Index, "has_sound_block", lambda self, at: asked.append(at) or real(self, at)
    )
    made(one=NOISE, two=NOISE + b"!", new=b"of which nothing is there" * 10_000)
    grown()
    assert len(asked) == len(set(asked)) == 5


def test_a_block_that_cannot_be_read_is_not_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    made(large=NOISE)
    done("compress", *OPTIONS, "run", "-o", ARCHIVE)
    with ARCHIVE.open("rb") as file:
        (index,) = indexes(RandomSource(file))
        offsets = [span[0] for entry in index.entries() for _, span in index.spans(entry)]
        assert all(map(index.has_sound_block, offsets))
        assert not index.has_sound_block(offsets[0] + 1)

        def failing(*_: int) -> bytes:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(index.source, "read_on", failing)
        assert not index.has_sound_block(offsets[0])


def ways() -> list[tuple[int, int]]:
    """Return the records that lead to versions: each HEAD, last leaf, ROOT and FOOTER, but the last end."""
    data, at, found = ARCHIVE.read_bytes(), 8, []
    while at < len(data):
        header = parse_header(data[at : at + HEADER_SIZE], at)
        if header.kind in {Kind.HEAD, Kind.MEMBERS, Kind.ROOT, Kind.FOOTER}:
            found.append((at, header.end))
        at = header.end
    return found[:-2]  # what those two say is made again


def test_damage_to_what_leads_to_any_version_is_refused() -> None:
    """Once only what the last version lists was looked at: the others were out of reach unseen."""
    for number in range(3):
        made(small=b"%d" % number)
        done("compress" if not number else "append", *(["-o"] * (not number)), ARCHIVE, "run")
    sound = ARCHIVE.read_bytes()
    assert len(ways()) == 10
    made(small=b"new")
    for begin, end in ways():
        for at in (begin + 9, (begin + HEADER_SIZE + end) // 2, end - 1):
            image = bytearray(sound)
            image[at] ^= 4
            ARCHIVE.write_bytes(image)
            code, _, said = command("append", ARCHIVE, "run")
            assert (code, "recover" in said, ARCHIVE.read_bytes()) == (4, True, image), (begin, at)
