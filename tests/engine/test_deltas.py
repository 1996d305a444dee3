"""Later states of tensors are stored as differences from earlier ones, and come back to the bit."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import compressor
from compressor.archive.schema import Base
from compressor.engine.access import SeekableArchive
from compressor.engine.externals import MOST_DEEP, Externals
from compressor.engine.limits import Limits
from compressor.engine.packoptions import PackOptions
from compressor.engine.reading import UnpackOptions
from compressor.engine.recover import recover
from compressor.engine.unpack import unpack
from compressor.errors import (
    CompressorError,
    DamagedBaseError,
    LimitError,
    MemoryBudgetError,
    MissingBaseError,
    UsageError,
)
from compressor.plan.numbers import DENSE_LEVEL, MOST_NEEDS, codings_for
from tests.archive.forge import Forge, digest, entry
from tests.archive.sound import S0, S1, STATES
from tests.engine.conftest import MemorySink, from_file, from_pipe
from tests.engine.deltas import all_ways, blocks, needs, packed, piped
from tests.engine.growing import Growing
from tests.tensors.checkpoints import checkpoint, mapping, storage
from tests.tensors.checkpoints import tensor as storage_tensor
from tests.tensors.states import COUNT, safetensors, state, tensor

KIB, MIB = 1 << 10, 1 << 20


def states(count: int, **how) -> dict[str, bytes]:  # type: ignore[no-untyped-def]
    return {f"step{number:02}": state(number, **how) for number in range(count)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "states.cz"


# What is stored


def test_a_later_state_is_stored_as_a_difference_and_comes_back(path: Path) -> None:
    members = states(3)

    archive = packed(path, members)

    assert needs(archive) == {"step00": -1, "step01": 1, "step02": 2}
    assert len(archive) < 0.75 * len(piped(members))
    assert all_ways(archive) == [members, members]


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16", "I8"])
def test_numbers_of_each_type_are_stored_as_differences(path: Path, dtype: str) -> None:
    members = states(2, dtype=dtype, layers=1)

    archive = packed(path, members)

    assert needs(archive) == {"step00": -1, "step01": 1}
    assert all_ways(archive) == [members, members]


def small(names: str, step: int) -> dict[str, tuple[str, list[int], bytes]]:
    return {name: tensor(ord(name), step, "F32", 4096) for name in names}


def zipped(tensors: dict[str, tuple[str, list[int], bytes]]) -> bytes:
    """Return a checkpoint in which headers of 40 bytes lie between the tensors."""
    value = {
        name: storage_tensor(storage(str(n), 4096), shape)
        for n, (name, (_, shape, _)) in enumerate(tensors.items())
    }
    return checkpoint(mapping(value), {str(n): one[2] for n, one in enumerate(tensors.values())})


@pytest.mark.parametrize("form", ["zip", "plain"])
def test_small_tensors_of_a_zip_are_stored_as_differences(tmp_path: Path, form: str) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    backward = small("hgfedcba", 0)
    old.write_bytes(zipped(small("abcdefgh", 0)) if form == "zip" else safetensors(backward))

    for step, share in ((0, 0.02), (1, 0.6)):
        new.write_bytes(zipped(small("abcdefgh", step)))
        compressor.pack(new, tmp_path / "new.cz", base=old, force=True)

        assert (tmp_path / "new.cz").stat().st_size < share * new.stat().st_size + 2000
        with compressor.open(tmp_path / "new.cz", base=old) as file:
            assert file.read() == new.read_bytes()


def test_small_tensors_of_a_zip_in_a_later_member_are_stored_as_differences(path: Path) -> None:
    members = {f"step{step}": zipped(small("abcdefgh", step)) for step in range(2)}

    archive = packed(path, members)

    assert needs(archive) == {"step0": -1, "step1": 1}
    assert len(archive) < 0.7 * len(piped(members))
    assert all_ways(archive) == [members, members]


def test_from_level_seven_on_differences_are_denser(path: Path) -> None:
    members = states(2, layers=1)
    usual = packed(path, members)

    archive = packed(path, members, codings=codings_for(DENSE_LEVEL))

    stored = blocks(archive)["step01"]
    assert any(block.chain.startswith("densedelta:dtype=bf16:columns=") for block in stored)
    assert len(archive) < len(usual)
    assert all_ways(archive) == [members, members]


def test_every_ninth_state_is_stored_in_full(path: Path) -> None:
    members = states(MOST_NEEDS + 4, layers=1)

    archive = packed(path, members)

    assert list(needs(archive).values()) == [-1, *range(1, MOST_NEEDS + 1), -1, 1, 2]
    assert all_ways(archive) == [members, members]


def test_what_is_the_same_is_stored_once(path: Path) -> None:
    """Frozen layers, and tensors that are tied to another."""
    frozen, free = tensor(1, 0), tensor(2, 0)
    first = safetensors({"embedding": frozen, "head": frozen, "layer": free})
    second = safetensors({"embedding": frozen, "head": frozen, "layer": tensor(2, 1)})

    archive = packed(path, {"a": first, "b": second})

    found = {
        name: [block.chain.partition(":")[0] for block in of]
        for name, of in blocks(archive).items()
    }
    assert found == {
        "a": ["zstd", "floatsplit", "floatsplit"],
        "b": ["zstd", "floatsplit", "floatdelta"],
    }
    assert all_ways(archive) == [{"a": first, "b": second}] * 2


@pytest.mark.parametrize(
    "other",
    [
        {"layer": ("BF16", [64, COUNT // 64], tensor(1, 1)[2])},
        {"layer": ("F16", tensor(1, 0)[1], tensor(1, 1)[2])},
        {"layer": tensor(1, 1, count=COUNT // 2)},
        {"other": tensor(1, 1)},
    ],
    ids=["shape", "type", "size", "name"],
)
def test_tensors_with_another_name_shape_or_type_are_stored_in_full(path: Path, other) -> None:  # type: ignore[no-untyped-def]
    members = {"a": safetensors({"layer": tensor(1, 0)}), "b": safetensors(other)}

    archive = packed(path, members)

    assert needs(archive) == {"a": -1, "b": -1}
    assert all_ways(archive) == [members, members]


def test_tensors_in_another_order_find_their_states(path: Path) -> None:
    """Small ones share blocks: then the base of a block is in many spans."""
    small = {f"t{n}": tensor(n, 0, count=100 * 64) for n in range(12)}
    later = {f"t{n}": tensor(n, 1, count=100 * 64) for n in (*range(5, 12), *range(5))}
    members = {"one": safetensors(small), "two": safetensors(later)}

    archive = packed(path, members)

    assert [len(block.base) for block in blocks(archive)["two"] if block.base] == [2]
    assert needs(archive) == {"one": -1, "two": 2}
    assert all_ways(archive) == [members, members]


def test_large_tensors_are_cut_and_find_their_parts(path: Path) -> None:
    members = {f"{n}": safetensors({"t": tensor(1, n, count=4 * COUNT)}) for n in range(3)}

    archive = packed(path, members, block_size=200 * KIB)

    assert [block.needs for block in blocks(archive)["2"] if block.base] == [2, 2, 2, 2]
    assert all_ways(archive) == [members, members]


def test_not_a_number_and_zeros_of_both_signs_come_back(path: Path) -> None:
    odd = [0x7FC1, 0xFFFF, 0x7F80, 0xFF80, 0x8000, 0x0000, 0x0001, 0x8001]
    bits = np.frombuffer(tensor(1, 0)[2], "<u2").copy()
    members = {}
    for number in range(3):
        bits[number : 8 * len(odd) : 8] = odd if number % 2 else odd[::-1]
        data = ("BF16", [COUNT], bits.tobytes())
        members[f"m{number}"] = safetensors({"t": data})

    archive = packed(path, members)

    assert needs(archive) == {"m0": -1, "m1": 1, "m2": 2}
    assert all_ways(archive) == [members, members]


# Where, and by how many


def test_threads_change_no_byte(tmp_path: Path) -> None:
    members = states(4)
    for options in ({}, {"reach": 600 * KIB}, {"block_size": 70 * KIB}):
        one = packed(tmp_path / "1", members, threads=1, **options)

        assert packed(tmp_path / "2", members, threads=2, **options) == one


def test_nothing_is_a_difference_where_what_was_written_can_not_be_read() -> None:
    assert set(needs(piped(states(2))).values()) == {-1}


@pytest.mark.parametrize(("reach", "most"), [(100 * KIB, -1), (420 * KIB, 1), (10_000 * KIB, 3)])
def test_a_base_out_of_reach_is_not_used(path: Path, reach: int, most: int) -> None:
    """With its own bases: so a pipe's reader, which keeps no more, can decode it."""
    members = states(4)

    archive = packed(path, members, reach=reach)

    assert max(needs(archive).values()) == most
    sink = from_pipe(archive, 2)
    assert sink.outcome.failures == []
    assert {name.decode(): content for name, content in sink.contents.items()} == members


# A content outside


def test_a_state_in_another_file_is_a_base(tmp_path: Path, path: Path) -> None:
    (tmp_path / "old").write_bytes(state(0))
    with Externals([tmp_path / "old"]) as externals:
        archive = packed(path, {"new": state(1)}, externals)

        assert needs(archive) == {"new": 0}
        assert all_ways(archive, externals) == [{"new": state(1)}] * 2
        archive = packed(path, {"new": state(1)}, externals, reach=0)
        assert needs(archive) == {"new": 0}
    ((_, error),) = from_pipe(archive, 2).outcome.failures
    assert isinstance(error, MissingBaseError)
    assert "'old'" in str(error)


def test_a_file_that_is_written_to_meanwhile_is_no_base(tmp_path: Path, path: Path) -> None:
    old = tmp_path / "old"
    old.write_bytes(state(0))
    with Externals([old]) as externals:
        externals.check()
        old.write_bytes(state(2))

        with pytest.raises(CompressorError, match="was written to while it was the base"):
            packed(path, {"new": state(1)}, externals)


def test_a_file_that_is_cut_meanwhile_is_the_one_that_is_damaged(
    tmp_path: Path, path: Path
) -> None:
    old = tmp_path / "old"
    old.write_bytes(state(0))
    with Externals([old]) as to_pack, Externals([old]) as to_read:
        old.write_bytes(state(0)[:1000])

        with pytest.raises(DamagedBaseError, match=r"the base .*old is damaged"):
            packed(path, {"new": state(1)}, to_pack)
        with pytest.raises(DamagedBaseError, match=r"the base .*old is damaged"):
            to_read.read(Base(b"old", len(state(0)), digest(state(0))), 0, 10)


def test_an_archive_may_name_no_more_contents_than_readers_take(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compressor.engine.deltas.MAX_BASES", 1)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(safetensors({name: tensor(1, 0)}))
    new = safetensors({"b": tensor(1, 1), "a": tensor(1, 2)})

    with Externals([tmp_path / "a", tmp_path / "b"]) as externals:
        archive = packed(path, {"new": new}, externals)

        found = [block.chain.partition(":")[0] for block in blocks(archive)["new"]]
        assert sorted(found) == ["floatdelta", "floatsplit", "zstd"]
        assert all_ways(archive, externals) == [{"new": new}] * 2


def test_bases_of_bases_outside_end_before_readers_do(tmp_path: Path, path: Path) -> None:
    """What is packed can be read with the files that were given when it was packed."""
    paths, found = [tmp_path / "0"], []
    paths[0].write_bytes(state(0, layers=1))
    for number in range(1, MOST_DEEP + 3):
        name, data = f"{number}", state(number, layers=1)
        with Externals(paths) as externals:
            archive = packed(path, {name: data}, externals)
            assert all_ways(archive, externals) == [{name: data}] * 2
        found.append(needs(archive)[name])
        paths.append(tmp_path / f"{number}.cz")
        paths[-1].write_bytes(archive)

    assert found == [*[0] * MOST_DEEP, -1, 0]


def outside_of(base: bytes, name: bytes) -> bytes:
    """An archive of a member that says it has the hash of ``base``, and is a difference from that."""
    forge = Forge()
    forge.head(**STATES)
    at = forge.base(base)
    new = forge.difference(S1, S0, [[at, 0, 128]], needs=0)
    item = entry(name, S1, [[new, 0, 128]], hash=digest(base))
    return forge.finish([item])


def test_a_content_outside_that_needs_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "circle.cz").write_bytes(outside_of(S0, b"circle"))

    with Externals([tmp_path / "circle.cz"]) as externals, pytest.raises(LimitError):
        externals.read(Base(b"", len(S0), digest(S0)), 0, 128)


def test_contents_outside_that_double_at_each_depth_are_refused(tmp_path: Path) -> None:
    """64 spans each, into archives of which each has 64 spans into the next."""
    paths = []
    for number in range(MOST_DEEP):
        forge = Forge()
        forge.head(**STATES)
        at = forge.base(b"%d" % (number + 1) * 128)
        spans = [[at, n, 1] for n in range(63)] + [[at, 63, 65]]
        new = forge.difference(S1, S0, spans, needs=0)
        content = b"%d" % number * 128
        item = entry(b"m", content, [[new, 0, 128]])
        paths.append(tmp_path / f"{number}.cz")
        paths[-1].write_bytes(forge.finish([item]))
    paths.append(tmp_path / "plain")
    paths[-1].write_bytes(b"%d" % MOST_DEEP * 128)

    with Externals(paths) as externals, pytest.raises(LimitError):
        externals.read(Base(b"", 128, digest(b"0" * 128)), 0, 128)


# Damage


def test_damage_to_a_base_costs_exactly_the_members_that_need_it(path: Path) -> None:
    members = {**states(3, layers=1), "other": safetensors({"o": tensor(9, 0)})}
    archive = bytearray(packed(path, members))
    first = blocks(bytes(archive))["step01"][-1].base[0][0]
    archive[first + 1000] ^= 1

    sink = from_file(bytes(archive))
    target = Growing()
    outcome = recover(io.BytesIO(archive), target)

    assert {name.decode() for name, _ in sink.outcome.failures} == {"step00", "step01", "step02"}
    assert {name.decode() for name, _ in outcome.left_out if b"lost" not in name} == {
        "step00",
        "step01",
        "step02",
    }
    assert all_ways(target.getvalue())[1]["other"] == members["other"]


# Memory


def test_each_budget_is_enough_or_told(path: Path) -> None:
    """From what hardly starts to what is plenty: content, or MemoryBudgetError; never anything else."""
    members = states(4, layers=1)
    archive = packed(path, members)
    enough = set()
    for memory in range(64 * MIB, 260 * MIB, 13 * MIB):
        limits = Limits(None, None, memory)
        try:
            archive_read = SeekableArchive(io.BytesIO(archive), UnpackOptions(limits=limits))
            found = {
                entry.name.decode(): b"".join(archive_read.pieces(index, entry))
                for index, entry in archive_read.entries()
            }
        except MemoryBudgetError:
            enough.add(False)
        else:
            assert found == members
            enough.add(True)
    assert enough == {True, False}


@pytest.mark.parametrize("declared", [0, 1 << 20, 8 << 20])
def test_a_head_that_declares_too_little_leads_to_no_more_memory(
    path: Path, declared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = states(4, layers=1)
    head = PackOptions.head

    def lying(self, block_size, earlier):  # type: ignore[no-untyped-def]
        return replace(head(self, block_size, earlier), decode_memory=declared)

    monkeypatch.setattr(PackOptions, "head", lying)
    archive = packed(path, members)

    for memory in range(80 * MIB, 100 * MIB, MIB):
        options = UnpackOptions(limits=Limits(None, None, memory))
        sink = MemorySink()
        try:
            unpack(io.BytesIO(archive), sink, options, seekable=True)
        except MemoryBudgetError:
            continue
        assert {name.decode(): data for name, data in sink.contents.items()} == members


# Whatever it is


SIZE = 3 * COUNT
CHANGES = st.lists(
    st.tuples(st.integers(0, SIZE), st.integers(1, 30_000), st.integers(0, 0xFFFF)), max_size=4
)


@given(
    base=st.integers(0, 5),
    steps=st.lists(CHANGES, min_size=1, max_size=4),
    block_size=st.sampled_from([130 * KIB, 150 * KIB, 1024 * KIB]),
    reach=st.sampled_from([0, 300 * KIB, 700 * KIB, None]),
    threads=st.integers(1, 2),
)
@settings(max_examples=40, deadline=None)
def test_random_states_go_through_all_readers(  # noqa: PLR0917  by name
    tmp_path_factory: pytest.TempPathFactory,
    base: int,
    steps: list[list[tuple[int, int, int]]],
    block_size: int,
    reach: int | None,
    threads: int,
) -> None:
    bits = np.frombuffer(tensor(base, 0, count=SIZE)[2], "<u2").copy()
    members = {}
    for number, changes in enumerate(steps):
        for start, length, step in changes:
            bits[start : start + length] += np.uint16(step)
        members[f"{number}"] = safetensors({"t": ("BF16", [len(bits)], bits.tobytes())})
    path = tmp_path_factory.mktemp("states") / "a.cz"

    archive = packed(path, members, block_size=block_size, reach=reach, threads=threads)

    assert all_ways(archive) == [members, members]
    if reach is not None:
        sink = from_pipe(archive, 2)
        assert sink.outcome.failures == []
        assert {name.decode(): content for name, content in sink.contents.items()} == members


def test_a_file_is_no_difference_from_itself(tmp_path: Path) -> None:
    """All of it would be outside of the archive then, and the archive worth nothing."""
    (tmp_path / "run").mkdir()
    for number in (1, 2):
        (tmp_path / f"run/step{number}").write_bytes(state(number))

    compressor.pack(tmp_path / "run", tmp_path / "run.cz", base=tmp_path / "run/step1")

    with compressor.Archive(tmp_path / "run.cz") as archive:
        assert archive.read("run/step1") == state(1)
        assert archive.read("run/step2") == state(2)  # from the one in the archive


def test_a_base_that_changes_while_it_is_read_gives_no_wrong_byte(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"step{number}").write_bytes(state(number))
    compressor.pack(tmp_path / "step2", tmp_path / "2.cz", base=tmp_path / "step1")

    with compressor.Archive(tmp_path / "2.cz", base=tmp_path / "step1") as archive:
        assert archive.read("step2") == state(2)
        changed = bytearray(state(1))
        changed[-1] ^= 1
        (tmp_path / "step1").write_bytes(changed)
        archive._archive._cache.clear()
        with pytest.raises(MissingBaseError):
            archive.read("step2")


def test_no_archive_takes_the_place_of_its_base(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(state(1))
    (tmp_path / "new").write_bytes(state(2))
    compressor.pack(tmp_path / "old", tmp_path / "old.cz")
    before = (tmp_path / "old.cz").read_bytes()

    with pytest.raises(CompressorError):
        compressor.pack(tmp_path / "new", tmp_path / "old.cz", base=tmp_path / "old.cz", force=True)
    with pytest.raises(UsageError):
        compressor.append(tmp_path / "old.cz", tmp_path / "new", base=tmp_path / "old.cz")

    assert (tmp_path / "old.cz").read_bytes() == before


def test_archives_that_are_bases_share_the_memory(tmp_path: Path) -> None:
    paths = [tmp_path / "a.cz", tmp_path / "b.cz"]
    for path in paths:
        packed(path, {"old": S0})
    with pytest.raises(MemoryBudgetError) as refused:
        Externals(paths[:1], Limits(memory=1))
    needed = refused.value.needed

    with Externals(paths[:1], Limits(memory=needed)):
        pass
    with pytest.raises(MemoryBudgetError, match="a base with its share"):
        Externals(paths, Limits(memory=needed))
    with Externals(paths, Limits(memory=2 * needed)):
        pass
