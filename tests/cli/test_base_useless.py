"""A base that is of no use is told, in one line, and costs nothing else."""

import json
from pathlib import Path

import pytest

import compressor
from tests.cli.process import Run
from tests.cli.test_base import write
from tests.tensors.states import safetensors, state, tensor


def warned(stderr: bytes, *words: bytes) -> bool:
    """Whether one line was said, which has these words."""
    return stderr.count(b"\n") == 1 and all(word in stderr for word in words)


def test_a_base_of_another_kind_is_told(run: Run) -> None:
    write("new1")
    Path("text").write_bytes(b"no numbers at all, but some lines of text\n" * 9)

    done = run("compress", "--base", "text", "-c", "new1")

    assert warned(done.stderr, b"the base text is of no use", b"holds no tensors")
    assert run("decompress", input=done.stdout).stdout == state(1)
    assert not run("compress", "-qq", "--base", "text", "new1").stderr


def test_a_base_without_a_tensor_in_common_is_told(run: Run) -> None:
    write("new1")
    Path("wider").write_bytes(safetensors({"layer.0": tensor(0, 0, count=1 << 17)}))
    run("compress", "wider")

    for base in ("wider", "wider.cz"):
        done = run("compress", "-f", "--base", base, "new1")
        assert warned(done.stderr, base.encode(), b"no tensor of the name, type and shape")


def test_what_is_packed_holds_no_numbers(run: Run) -> None:
    write("old0")
    Path("log").write_bytes(b"step 1\n" * 99)

    done = run("compress", "--json", "--base", "old0", "log")

    (said,) = [one for one in map(json.loads, done.stdout.splitlines()) if "message" in one]
    assert said["type"] == "warning"
    assert "nothing was packed that could be a difference" in said["message"]


def test_a_base_whose_own_base_is_missing_is_told(run: Run) -> None:
    write("old0", "new1", "newer2")
    run("compress", "--base", "old0", "new1")

    done = run("compress", "--base", "new1.cz", "newer2")

    assert warned(done.stderr, b"the base new1.cz can't be read", b"'old0'", b"in full")
    assert b"name that with --base, too" in done.stderr
    assert run("decompress", "-c", "newer2.cz").stdout == state(2)  # it is named, not needed
    assert run("decompress", input=Path("newer2.cz").read_bytes()).stdout == state(2)
    assert not run("compress", "-f", "--base", "new1.cz", "--base", "old0", "newer2").stderr


def test_a_base_that_others_come_before_is_no_cause_for_alarm(run: Run) -> None:
    """A nightly script names it each time; the state of the night before is nearer."""
    write("old0", "model1", "model2")
    Path("model1").rename("model")
    assert not run("compress", "--base", "old0", "model").stderr
    Path("model2").rename("model")
    assert not run("append", "--base", "old0", "model.cz", "model").stderr
    assert not run("append", "--base", "old0", "model.cz", "model").stderr


def test_info_names_no_base_that_no_block_needs(run: Run) -> None:
    """Once it named what had been tried: a state of another run, under the same names of tensors."""
    write("old0", "new1")
    Path("other").write_bytes(safetensors({f"layer.{n}": tensor(7 + n, 0) for n in range(2)}))
    run("compress", "--base", "old0", "other", "-o", "without.cz")
    run("compress", "--base", "old0", "new1", "-o", "with.cz")

    assert Path("without.cz").read_bytes().count(b"old0") == 1
    for archive, count in (("without.cz", 0), ("with.cz", 1)):
        assert run("info", archive).stdout.count(b"needs  ") == count
        assert len(json.loads(run("info", "--json", archive).stdout)["bases"]) == count


def test_an_archive_whose_index_is_damaged_is_no_base(run: Run) -> None:
    write("old0", "new1")
    run("compress", "old0")
    archive = bytearray(Path("old0.cz").read_bytes())
    archive[archive.rindex(b"\xc5Z\xd2\x1e\x06") + 60] ^= 1
    Path("old0.cz").write_bytes(archive)

    said = run("compress", "--base", "old0.cz", "new1", code=4).stderr

    assert warned(said, b"the base old0.cz is damaged")
    assert not Path("new1.cz").exists()


@pytest.mark.parametrize(
    "verb", [("append", "new1.cz", "new3"), ("prune", "new1.cz", "--keep-last", "1")]
)
def test_a_damaged_base_is_not_taken_for_the_archive_that_is_changed(
    run: Run, verb: tuple[str, ...]
) -> None:
    write("old0", "new1", "new2", "new3")
    run("compress", "old0")
    run("compress", "new1", "--base", "old0.cz")
    run("append", "new1.cz", "new2")
    archive = bytearray(Path("old0.cz").read_bytes())
    archive[archive.rindex(b"\xc5Z\xd2\x1e\x06") + 60] ^= 1
    Path("old0.cz").write_bytes(archive)

    said = run(*verb, "--base", "old0.cz", code=4).stderr

    assert warned(said, b"the base old0.cz is damaged")
    assert b"recover" not in said


def test_a_base_with_a_damaged_block_is_named(run: Run) -> None:
    write("old0", "new1")
    run("compress", "old0")
    archive = bytearray(Path("old0.cz").read_bytes())
    archive[len(archive) // 3] ^= 1
    Path("old0.cz").write_bytes(archive)

    said = run("compress", "--base", "old0.cz", "new1").stderr

    assert warned(said, b"the base old0.cz is damaged: BLOCK record fails its check", b"in full")
    assert run("cat", "--base", "old0.cz", "new1.cz").stdout == state(1)


def test_the_library_warns_and_refuses_a_base_beside_a_codec(run: Run) -> None:
    write("new1")
    Path("text").write_bytes(b"text")
    with pytest.warns(RuntimeWarning, match="the base text is of no use"):
        compressor.pack("new1", "new1.cz", base="text")
    with pytest.raises(compressor.UsageError, match="levels"):
        compressor.pack("new1", "again.cz", base="text", codec="zstd")
