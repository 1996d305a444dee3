"""`bench`: levels as `compress` has them, and codecs on plain bytes."""

from pathlib import Path

import pytest

from tests.cli.process import Run, lines
from tests.tensors.states import state


def test_a_level_packs_tensors_by_their_type_and_tells_what_became_of_them(run: Run) -> None:
    Path("model").write_bytes(state(0))

    done = run("bench", "model", "--json", "--level", "3", "--codec", "zstd:level=3")

    level, codec, *uses = lines(done.stdout)
    assert (level["level"], codec["level"]) == (3, None)
    assert level["ratio"] < codec["ratio"]
    assert [use["packed_by"] for use in uses if use["plain_bytes"] > 1000] == ["floatsplit bf16"]
    assert sum(use["plain_bytes"] for use in uses) == level["plain_bytes"]


def test_a_sample_of_a_large_model_is_still_known_as_numbers(run: Run) -> None:
    Path("model").write_bytes(state(0))

    done = run("bench", "model", "--level", "3", "--sample", "200k").stdout.decode()

    assert done.startswith("205 kB of model\nlevel or codec")
    assert "floatsplit bf16" in done


def test_a_sample_may_be_larger_than_memory(run: Run) -> None:
    Path("a").write_bytes(b"the same text " * 500)

    (codec,) = lines(run("bench", "a", "--json", "--codec", "store", "--sample", "8000000T").stdout)

    assert codec["plain_bytes"] == 7000


def test_a_level_takes_several_files_as_one_archive(run: Run) -> None:
    Path("d").mkdir()
    for name in "abc":
        Path("d", name).write_bytes(b"the same text " * 500)

    done = run("bench", "d", "--json", "--level", "1", "--codec", "store")

    level, store, use = lines(done.stdout)
    assert level["plain_bytes"] == store["plain_bytes"] == 21_000
    assert use["plain_bytes"] == 7000  # the others are known to be the same


@pytest.mark.parametrize("verb", ["bench", "entropy"])
def test_nothing_to_measure_is_said(run: Run, verb: str) -> None:
    """A problem with a file, and no wrong usage."""
    Path("empty").touch()

    assert b"nothing to measure" in run(verb, "empty", code=1).stderr
    assert b"nothing to measure" in run(verb, "-", input=b"", code=1).stderr


@pytest.mark.parametrize("verb", ["bench", "entropy"])
def test_stdin_is_measured_as_a_file_is(run: Run, verb: str) -> None:
    Path("a").write_bytes(b"the same text " * 500)
    words = (verb, "--json", "--codec", "huffman", "--sample", "3k")

    piped, named = run(*words, "-", input=Path("a").read_bytes()), run(*words, "a")

    keys = ("plain_bytes", "packed_bytes")
    sizes = [[line.get(key) for key in keys] for line in lines(piped.stdout)]
    assert sizes == [[line.get(key) for key in keys] for line in lines(named.stdout)]
    assert sizes[0][0] == 3072
