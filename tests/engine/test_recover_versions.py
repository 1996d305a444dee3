"""recover, of archives of several versions: each that is known stays what it was, under its number."""

import contextlib
import io
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import compressor
from compressor.archive.ending import ended
from compressor.archive.index import Index
from compressor.archive.record import HEADER_SIZE, Kind, parse_header
from compressor.archive.schema import FILE
from compressor.archive.source import RandomSource
from compressor.engine.history import versions_of
from compressor.engine.recover import LOST, Recovered, recover
from tests.archive.forge import digest
from tests.engine.crashes import Tree, command, extracted, tree_of, versions_in
from tests.engine.growing import Growing

NOISE = random.Random(5)
LARGE, OLD, NEW, THIRD = (NOISE.randbytes(size) for size in (150_000, 70_000, 72_000, 74_000))
WIDE = NOISE.randbytes(200_000)
TREES: list[Tree] = [
    {"run/large": LARGE, "run/old": OLD, "run/stays": b"stays " * 20},
    {"run/large": LARGE, "run/old": NEW, "run/stays": b"stays " * 20, "run/two": b"2"},
    {"run/large": LARGE, "run/stays": b"stays " * 20, "run/third": THIRD, "run/two": b"2"},
]
OPTIONS = {"block_size": 64 << 10, "threads": 1}


def put(tree: Tree, before: Tree) -> None:
    """Make the folder what a version holds; what stays the same keeps its time."""
    Path("run").mkdir(exist_ok=True)
    for name in before.keys() - tree.keys():
        Path(name).unlink()
    for name, content in tree.items():
        if before.get(name) != content:
            Path(name).write_bytes(content)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An archive of the three trees."""
    here = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("run"))
    try:
        put(TREES[0], {})
        compressor.pack("run", "a.cz", label="one", time_ns=10**18, **OPTIONS)
        for number in (1, 2):
            put(TREES[number], TREES[number - 1])
            compressor.append("a.cz", "run", label=f"v{number + 1}", time_ns=number, **OPTIONS)
        return Path("a.cz").read_bytes()
    finally:
        os.chdir(here)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


Place = tuple[int, int, int]
"""A record: the number of its version, where it begins, where it ends."""


def records(archive: bytes, kind: Kind) -> list[Place]:
    found, at, number = [], 8, 1
    while at < len(archive):
        header = parse_header(archive[at : at + HEADER_SIZE], at)
        if header.kind == kind:
            found.append((number, at, header.end))
        number += header.kind == Kind.FOOTER
        at = header.end
    return found


def flipped(archive: bytes, *places: Place) -> bytes:
    """Damage the payload of records."""
    data = bytearray(archive)
    for _, _, end in places:
        data[end - 9] ^= 4
    return bytes(data)


def headless(archive: bytes, *places: Place) -> bytes:
    """Damage the header of records."""
    data = bytearray(archive)
    for _, begin, _ in places:
        data[begin + 9] ^= 4
    return bytes(data)


def recovered(image: bytes) -> tuple[Recovered, dict[int, Tree]]:
    """Recover; return the outcome and what each version holds, by its number."""
    target = Growing()
    outcome = recover(io.BytesIO(image), target)
    good = Path("good.cz")
    good.write_bytes(target.getvalue())
    assert command("test", good)[0] == 0
    code, numbers = versions_in(good)
    assert (code, numbers) == (0, outcome.versions)
    trees = {}
    for number in numbers:
        code, trees[number], said = extracted(good, Path("out"), "--at", str(number))
        assert code == 0, said
    assert extracted(good, Path("out"))[1] == trees[numbers[-1]]
    assert outcome.any_member
    return outcome, trees


def whole(*, without: dict[int, str] | None = None) -> dict[int, Tree]:
    """Return what versions hold, but for one member each."""
    gone = without or {}
    return {
        number: {name: data for name, data in tree.items() if name != gone.get(number)}
        for number, tree in enumerate(TREES, 1)
    }


def lost(tree: Tree) -> list[bytes]:
    """Take what is under lost+found out of a tree; return it."""
    names = [name for name in tree if name.startswith(LOST.decode())]
    return [tree.pop(name) for name in names]


def blocks_with(archive: bytes, part: bytes) -> list[Place]:
    return [one for one in records(archive, Kind.BLOCK) if part in archive[one[1] : one[2]]]


def test_what_is_sound_comes_out_as_it_was(archive: bytes) -> None:
    outcome, trees = recovered(archive)

    assert outcome.complete
    assert trees == whole()
    with Path("good.cz").open("rb") as file:
        stamps = versions_of(ended(RandomSource(file)))
    before = versions_of(ended(RandomSource(io.BytesIO(archive))))
    assert [(one.number, one.label, one.time_ns, one.members) for one in stamps] == [
        (one.number, one.label, one.time_ns, one.members) for one in before
    ]
    assert Path("good.cz").stat().st_size < len(archive) + 500  # nothing is stored twice
    assert outcome.kept == len(TREES[2]) + 1  # and the folder


def test_what_was_recovered_takes_versions_and_is_recovered_again(archive: bytes) -> None:
    recovered(archive)
    put(TREES[0], {})
    compressor.append("good.cz", "run", **OPTIONS)

    outcome, trees = recovered(Path("good.cz").read_bytes())

    assert outcome.complete
    assert trees == {**whole(), 4: TREES[0]}


def test_numbers_that_prune_left_stay(archive: bytes) -> None:
    Path("a.cz").write_bytes(archive)
    compressor.prune("a.cz", 2)
    pruned = Path("a.cz").read_bytes()

    outcome, trees = recovered(pruned)
    assert outcome.complete
    assert trees == {2: TREES[1], 3: TREES[2]}
    compressor.prune("a.cz", 1)
    assert recovered(Path("a.cz").read_bytes()) == (outcome_of(3, outcome), {3: TREES[2]})


def outcome_of(number: int, before: Recovered) -> Recovered:
    return Recovered(before.kept, any_member=True, versions=[number])


def test_a_block_costs_the_versions_that_share_it_one_member_each(archive: bytes) -> None:
    outcome, trees = recovered(flipped(archive, *blocks_with(archive, LARGE[:1000])))

    assert lost(trees[3]) == [LARGE[64 << 10 :]]
    assert trees == whole(without=dict.fromkeys((1, 2, 3), "run/large"))
    assert outcome.left_out == [
        (b"run/large", "a part of it is damaged or lost, in version 1, 2, 3")
    ]


def test_a_block_that_one_version_needs_costs_the_others_nothing(archive: bytes) -> None:
    outcome, trees = recovered(flipped(archive, *blocks_with(archive, OLD[:1000])))

    assert lost(trees[3]) == [OLD[64 << 10 :]]
    assert trees == whole(without={1: "run/old"})
    assert outcome.left_out == [(b"run/old", "a part of it is damaged or lost, in version 1")]


@pytest.mark.parametrize("kind", [Kind.HEAD, Kind.ROOT, Kind.FOOTER])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_without_its_root_or_ends_a_version_is_known_by_its_leaves(
    archive: bytes, kind: Kind, number: int
) -> None:
    places = [one for one in records(archive, kind) if one[0] == number]
    for image in (flipped(archive, *places), headless(archive, *places)):
        outcome, trees = recovered(image)

        assert outcome.complete
        assert trees == whole()


def test_without_all_that_marks_versions_their_last_leaves_tell_them_apart(archive: bytes) -> None:
    places = [one for kind in (Kind.HEAD, Kind.ROOT, Kind.FOOTER) for one in records(archive, kind)]

    outcome, trees = recovered(headless(archive, *places))

    assert outcome.complete
    assert trees == whole()


def leaves(archive: bytes, number: int) -> list[Place]:
    return [one for one in records(archive, Kind.MEMBERS) if one[0] == number]


def test_a_tail_without_a_last_leaf_is_kept_as_what_it_is(archive: bytes) -> None:
    first, second, *_ = leaves(archive, 3)

    outcome, trees = recovered(archive[: second[1] + 20])

    assert first[2] <= second[1]
    assert (trees[1], trees[2]) == (TREES[0], TREES[1])
    assert trees[3] == {**TREES[1], "run/third": THIRD}
    assert outcome.gaps == ["version 3 is made of what was found: members may be missing, or older"]


def test_blocks_of_a_tail_without_leaves_are_found_in_the_last_version(archive: bytes) -> None:
    begin = leaves(archive, 3)[0][1]

    outcome, trees = recovered(archive[:begin])

    assert lost(trees[2]) == [THIRD]
    assert trees == {1: TREES[0], 2: TREES[1]}
    assert not outcome.complete


@pytest.fixture(scope="module")
def widened(archive: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A fourth version, whose blocks may be larger than those before."""
    with contextlib.chdir(tmp_path_factory.mktemp("wide")):
        put(TREES[0], {})
        Path("run/new").write_bytes(WIDE)
        Path("a.cz").write_bytes(archive)
        compressor.append("a.cz", "run", block_size=512 << 10, threads=1)
        return Path("a.cz").read_bytes()


def test_larger_blocks_of_a_tail_are_found_in_a_version_that_had_smaller_ones(
    widened: bytes,
) -> None:
    begin = leaves(widened, 4)[0][1]

    _, trees = recovered(widened[:begin])

    assert any(WIDE in part for part in lost(trees[3]))
    assert trees == whole()


@pytest.mark.parametrize("number", [3, 4])
def test_larger_blocks_do_not_need_the_head_that_declares_them(widened: bytes, number: int) -> None:
    heads = [one for one in records(widened, Kind.HEAD) if number <= one[0]]

    outcome, trees = recovered(headless(widened, *heads))

    assert outcome.complete
    assert trees == {**whole(), 4: {**TREES[0], "run/new": WIDE}}


def test_a_last_version_without_its_end_is_whole(archive: bytes) -> None:
    outcome, trees = recovered(archive[: leaves(archive, 3)[-1][2]])

    assert outcome.complete
    assert trees == whole()


def test_a_leaf_that_is_lost_costs_its_members_where_a_root_names_it(archive: bytes) -> None:
    place = next(one for one in leaves(archive, 1) if b"run/large" in opened_before(archive, one))

    outcome, trees = recovered(flipped(archive, place))

    assert lost(trees[3]) == [LARGE]
    assert trees == whole(without=dict.fromkeys((1, 2, 3), "run/large"))
    assert outcome.gaps == [
        f"version {number} lacks the members of a damaged leaf, from run/large to run/large"
        for number in (1, 2, 3)
    ]


def opened_before(archive: bytes, leaf: Place) -> bytes:
    """Return the OPEN record before a leaf."""
    begins = [one for one in records(archive, Kind.OPEN) if one[1] < leaf[1]]
    return archive[begins[-1][1] : begins[-1][2]] if begins else b""


def test_a_version_whose_last_leaf_is_lost_keeps_its_others(archive: bytes) -> None:
    """Once it was left out, though its root says which leaves of earlier versions are its own."""
    outcome, trees = recovered(flipped(archive, leaves(archive, 2)[-1]))

    assert list(trees) == [1, 2, 3]
    assert trees[1] == TREES[0]
    assert trees[2]["run/large"] == LARGE
    lost(trees[3])
    for number in (2, 3):
        assert trees[number].items() <= TREES[number - 1].items()
    assert (
        outcome.gaps[0]
        == "version 2: label and time are lost; its number is told by those beside it"
    )
    assert outcome.gaps[1].startswith("version 2 lacks the members of a damaged leaf, from run")


def test_a_version_whose_last_leaf_and_root_are_lost_is_named(archive: bytes) -> None:
    root = next(one for one in records(archive, Kind.ROOT) if one[0] == 2)
    outcome, trees = recovered(flipped(archive, leaves(archive, 2)[-1], root))

    assert list(trees) == [1, 3]
    assert outcome.gaps[0] == "version 2 is lost: nothing proves what was in it"


def test_of_a_pruned_archive_a_version_gets_its_number_from_those_behind(archive: bytes) -> None:
    Path("a.cz").write_bytes(archive)
    compressor.prune("a.cz", 2)
    pruned = Path("a.cz").read_bytes()

    outcome, trees = recovered(flipped(pruned, leaves(pruned, 1)[-1]))

    assert list(trees) == [2, 3]
    assert trees[2].items() <= TREES[1].items()
    assert (
        outcome.gaps[0]
        == "version 2: label and time are lost; its number is told by those beside it"
    )


def test_the_first_version_may_be_the_one_that_is_lost(archive: bytes) -> None:
    outcome, trees = recovered(flipped(archive, *leaves(archive, 1)))

    assert list(trees) == [2, 3]
    assert trees[2].items() >= {"run/two": b"2", "run/old": NEW}.items()
    assert outcome.gaps[0] == "what there was before version 2 is lost"


def test_the_last_leaf_of_all_may_be_lost(archive: bytes) -> None:
    outcome, trees = recovered(flipped(archive, leaves(archive, 3)[-1]))

    assert (trees[1], trees[2]) == (TREES[0], TREES[1])
    assert trees[3] == {"run/large": LARGE, "run/third": THIRD} | {
        name: data for name, data in TREES[2].items() if name in trees[3]
    }
    assert not outcome.complete


def test_a_member_without_its_pages_is_put_together_in_its_own_version(archive: bytes) -> None:
    """Ordinals begin at 0 in each version: blocks of others with the same are no part of it."""
    pages = records(archive, Kind.EXTENTS)

    _, trees = recovered(flipped(archive, *pages))

    assert trees == whole()


def images(archive: bytes) -> Iterator[bytes]:
    for at in range(8, len(archive), 9973):
        yield archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]
    for kind in (Kind.HEAD, Kind.OPEN, Kind.MEMBERS, Kind.EXTENTS, Kind.ROOT, Kind.FOOTER):
        for place in records(archive, kind):
            yield headless(archive, place)
            yield flipped(archive, place)


def test_whatever_one_byte_costs_no_version_holds_what_it_never_held(archive: bytes) -> None:
    held = 0
    for image in images(archive):
        target = Growing()
        outcome = recover(io.BytesIO(image), target)
        for index in history_of(target):
            number = index.version().number
            assert number in outcome.versions
            for entry in index.entries():
                name = entry.name.decode()
                if entry.kind == FILE and not name.startswith(LOST.decode()):
                    assert digest(TREES[number - 1][name]) == entry.content_hash, (number, name)
                    held += 1
    assert held > 400


def history_of(target: Growing) -> Iterator[Index]:
    index: Index | None = ended(RandomSource(target))[-1]
    while index is not None:
        yield index
        index = index.before()


def test_append_sends_to_recover_and_then_goes_on(archive: bytes) -> None:
    """From the refusal to an archive that takes the next version, with all before it."""
    second = next(one for one in records(archive, Kind.FOOTER) if one[0] == 2)
    Path("a.cz").write_bytes(headless(archive, second))
    put(TREES[0], {})
    code, _, said = command("append", "a.cz", "run")
    assert (code, "`compressor recover`" in said) == (4, True)

    code, _, said = command("recover", "-v", "a.cz", "-o", "b.cz")

    assert code == 0
    assert "whole members in the last of versions 1, 2, 3" in said
    assert command("append", "b.cz", "run")[0] == 0
    assert versions_in(Path("b.cz")) == (0, [1, 2, 3, 4])
    for number, tree in enumerate([*TREES, TREES[0]], 1):
        assert extracted(Path("b.cz"), Path("out"), "--at", str(number))[:2] == (0, tree)
    assert tree_of(Path("run")).keys() == {name.removeprefix("run/") for name in TREES[0]}
