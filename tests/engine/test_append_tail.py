"""What stands behind the last complete version: unfinished, a whole version without its end, or damage."""

from collections.abc import Callable

import pytest

from compressor.archive.forward import Finished, ForwardReader
from compressor.archive.record import FOOTER_SIZE, HEADER_SIZE, Kind, parse_header
from compressor.archive.source import Source
from tests.engine.crashes import Bench, command, done, extracted, versions_in
from tests.engine.test_append_crash import OPTIONS, append_of, bench

__all__ = ["bench"]  # the fixture


def tail(bench: Bench) -> tuple[bytes, list[tuple[int, int]]]:
    """Return an archive with a third version, and the offset and kind of each of that one's records."""
    append_of(bench)
    before, after = bench.whole
    records, at = [], len(before)
    while at < len(after):
        header = parse_header(after[at : at + HEADER_SIZE], at)
        records.append((at, header.kind))
        at = header.end
    return after, records


def flipped(archive: bytes, at: int) -> bytes:
    return archive[:at] + bytes([archive[at] ^ 4]) + archive[at + 1 :]


def state(bench: Bench, image: bytes) -> tuple[int, int, int, str]:
    """Return the exit codes of test, extract and append, and what append says; it may mend the archive."""
    bench.archive.write_bytes(image)
    tested = command("test", bench.archive)[0]
    code, _, _ = extracted(bench.archive, bench.folder / "out")
    appended, _, said = command("append", bench.archive, *OPTIONS, "source")
    return tested, code, appended, said


def test_damage_before_a_sound_last_leaf_is_damage_and_append_refuses(bench: Bench) -> None:
    archive, records = tail(bench)
    last = [at for at, kind in records if kind == Kind.MEMBERS][-1]
    damaged = [at + part for at, _ in records if at < last for part in (0, 20, HEADER_SIZE + 1)]
    for number, at in enumerate(damaged):
        image = flipped(archive, at)[: -FOOTER_SIZE if number % 2 else -1]
        tested, extract, append, said = state(bench, image)
        assert (tested, extract, append) == (4, 4, 4), at
        assert "compressor recover" in said
        assert bench.archive.read_bytes() == image


def test_without_a_last_leaf_it_is_unfinished_whatever_else_is_damaged(bench: Bench) -> None:
    archive, records = tail(bench)
    last = [at for at, kind in records if kind == Kind.MEMBERS][-1]
    end = parse_header(archive[last : last + HEADER_SIZE], last).end
    for at in [at + 20 for at, _ in records if at < last]:
        tested, extract, append, said = state(bench, flipped(archive, at)[: end - 1])
        assert (tested, extract, append) == (4, 3, 0), at
        assert "not finished" in said
        assert versions_in(bench.archive) == (0, [1, 2, 3])


def test_a_damaged_last_leaf_with_a_root_or_footer_behind_it_is_damage(bench: Bench) -> None:
    archive, records = tail(bench)
    last = [at for at, kind in records if kind == Kind.MEMBERS][-1]
    damaged = flipped(archive, last + HEADER_SIZE + 3)
    for image in (damaged, damaged[:-1], damaged[:-FOOTER_SIZE]):
        tested, extract, append, said = state(bench, image)
        assert (tested, extract, append) == (4, 4, 4)
        assert "compressor recover" in said
        assert bench.archive.read_bytes() == image


def test_a_sound_last_leaf_without_its_root_or_footer_is_a_whole_version(bench: Bench) -> None:
    archive, records = tail(bench)
    ends = [at for at, kind in records if kind in (Kind.ROOT, Kind.FOOTER)]
    images = [archive[: ends[0]], archive[: ends[1]], archive[:-1]]
    images += [flipped(archive, at + part) for at in ends for part in (0, 20, HEADER_SIZE + 1, 50)]
    images += [archive[: ends[0]] + bytes(ends[1] - ends[0]) + archive[ends[1] :]]
    for image in images:
        tested, extract, append, said = state(bench, image)
        assert (tested, extract, append) == (4, 3, 0)
        assert "written anew" in said
        assert versions_in(bench.archive) == (0, [1, 2, 3, 4])
        assert extracted(bench.archive, bench.folder / "out", "--at", "3")[1] == bench.trees[2]
        assert command("test", bench.archive)[0] == 0


def test_versions_on_either_side_of_a_torn_end_are_damage(bench: Bench) -> None:
    archive, _ = tail(bench)
    second = len(bench.whole[0]) - FOOTER_SIZE
    tested, _, append, said = state(bench, flipped(archive, second + 40)[:-1])
    assert (tested, append) == (4, 4)
    assert "compressor recover" in said


def test_another_archive_behind_the_end_is_never_dropped(bench: Bench) -> None:
    archive, _ = tail(bench)
    other = flipped(archive, 0)
    for behind in (other, other[:-1], archive, archive[:-1], archive[:-100]):
        image = archive + behind
        assert state(bench, image)[2] in (2, 4)
        assert bench.archive.read_bytes() == image


def test_zeros_behind_the_end_are_an_unfinished_append(bench: Bench) -> None:
    archive, _ = tail(bench)
    tested, extract, append, said = state(bench, archive + bytes(10_000))
    assert (tested, extract, append) == (4, 3, 0)
    assert "not finished" in said


def test_a_version_cut_short_does_not_go_by_unseen_when_another_is_asked_for(bench: Bench) -> None:
    archive, records = tail(bench)
    bench.archive.write_bytes(archive[: records[-2][0]])
    for number in (1, 2, 3):
        code, found, said = extracted(bench.archive, bench.folder / "out", "--at", str(number))
        assert (code, found) == (3, bench.trees[number - 1])
        assert "version 3 is whole, but lacks its end" in said


READERS = (
    ("list",),
    ("versions",),
    ("info",),
    ("test",),
    ("cat", "source/large"),
    ("extract", "-C", "out", "-f"),
    ("export", "-o", "out.tar", "-f"),
)


@pytest.mark.parametrize(
    ("reader", "cut"), [(reader, cut) for reader in READERS for cut in (0, 1, 2)]
)
def test_every_reader_says_that_an_append_was_not_finished_and_what_it_shows(
    bench: Bench, reader: tuple[str, ...], cut: int
) -> None:
    archive, records = tail(bench)
    torn = archive[: records[1][0] + HEADER_SIZE + 5]
    said = "version 2, the last whole one, ends"
    if cut == 1:
        said, torn = "version 3 is whole, but lacks its end", archive[:-10]
    elif cut == 2:  # what a disk may make of writes that were not synced
        torn = flipped(torn, records[0][0] + 20) + bytes(3000)
    bench.archive.write_bytes(torn)
    verb, *words = reader
    code, _, err = command(verb, bench.archive, *words)
    assert code == (4 if verb == "test" else 3)
    assert err.count("\n") == 1
    assert f"an append was not finished: {said}" in err


def test_damage_to_a_tail_is_told_from_an_append_that_was_not_finished(bench: Bench) -> None:
    archive, records = tail(bench)
    bench.archive.write_bytes(flipped(archive, records[0][0] + 20))
    for verb, *words in READERS:
        code, _, err = command(verb, bench.archive, *words)
        if code:
            assert code == 4, verb
            assert "not finished" not in err, verb


def test_a_version_asked_for_by_number_is_never_another_one(bench: Bench) -> None:
    archive, records = tail(bench)
    damaged = flipped(archive, records[0][0] + 20)
    bench.archive.write_bytes(damaged)
    code, found, _ = extracted(bench.archive, bench.folder / "out", "--at", "1")
    assert (code, found) in ((4, {}), (0, bench.trees[0]))


def test_a_prune_of_an_unfinished_archive_drops_the_tail_first(bench: Bench) -> None:
    archive, records = tail(bench)
    bench.archive.write_bytes(archive[: records[3][0] + 5])
    done("prune", bench.archive, "--keep-last", "1")
    assert versions_in(bench.archive) == (0, [2])
    assert command("test", bench.archive)[0] == 0


def finished(archive: bytes) -> Callable[[], int]:
    """Return how many versions have their end."""
    import io

    events = ForwardReader(Source(io.BytesIO(archive))).events()
    return sum(isinstance(event, Finished) for event in events)


@pytest.mark.parametrize("keep", [1, 2])
def test_what_prune_writes_reads_forward(bench: Bench, keep: int) -> None:
    append_of(bench)
    done("append", bench.archive, *OPTIONS, "source")
    done("prune", bench.archive, "--keep-last", str(keep))
    assert finished(bench.archive.read_bytes()) == keep
