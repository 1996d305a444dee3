"""--base, and checkpoints upon checkpoints, from the command line."""

import json
from pathlib import Path

import pytest
from blake3 import blake3

import compressor
from tests.cli.process import Run, lines
from tests.engine.deltas import blocks
from tests.tensors.states import COUNT, safetensors, state, tensor


def chains(run: Run, archive: str) -> dict[str, int]:
    """Return how many blocks are packed under each stage."""
    (found,) = [one for one in lines(run("info", "--json", archive).stdout) if "chains" in one]
    counted: dict[str, int] = {}
    for one in found["chains"]:
        stage = one["chain"].partition(":")[0].partition("(")[0]
        counted[stage] = counted.get(stage, 0) + one["blocks"]
    return counted


def write(*names: str) -> None:
    """Write files that hold the states which the digits at the ends of their names say."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(state(int(name[-1])))


def missing(stderr: bytes, name: str) -> bool:
    """Whether a message names this file, and its hash."""
    digest = blake3(Path(name).read_bytes()).hexdigest()
    return Path(name).name.encode() in stderr and digest.encode() in stderr


def test_later_files_of_an_archive_are_differences_from_earlier_ones(run: Run) -> None:
    write("run/step0", "run/step1", "run/step2")

    run("compress", "run")
    run("compress", "run/step0", "run/step1", "run/step2", "-o", "files.cz")

    for archive in ("run.cz", "files.cz"):
        assert chains(run, archive)["floatdelta"] == 4
        run("test", archive)
        run("extract", archive, "-C", archive[:-3] + ".out")
        for name in ("step0", "step1", "step2"):
            assert (
                Path(archive[:-3] + ".out", "run", name).read_bytes()
                == Path("run", name).read_bytes()
            )


def test_a_later_version_is_a_difference_from_the_one_before(run: Run) -> None:
    write("model0", "model1", "model2")
    Path("model0").rename("model")
    run("compress", "model")
    for step in (1, 2):
        Path(f"model{step}").rename("model")
        run("append", "model.cz", "model")

    assert chains(run, "model.cz") == {"zstd": 1, "floatsplit": 2, "floatdelta": 4}
    for at in (1, 2, 3):
        assert run("cat", "--at", f"{at}", "model.cz").stdout == state(at - 1)
    run("prune", "model.cz", "--keep-last", "1")
    assert run("decompress", "-c", "model.cz").stdout == state(2)
    run("test", "model.cz")


def test_every_way_to_read_gives_the_same_bytes(run: Run) -> None:
    write("run/step0", "run/step1")
    run("compress", "--reach", "100M", "run")
    data, archive = Path("run/step1").read_bytes(), Path("run.cz").read_bytes()

    assert run("cat", "run.cz", "run/step1").stdout == data
    assert run("cat", "run.cz", "run/step1", "--range", "70000:300001").stdout == data[70000:300001]
    raw = run("cat", "run.cz", "run/step1", "--tensor", "layer.1", "--format", "raw").stdout
    assert raw == tensor(1, 1)[2]
    assert run("decompress", "-c", "run.cz").stdout == state(0) + data
    assert run("decompress", input=archive).stdout == state(0) + data
    run("extract", "-", "-C", "piped", input=archive)
    assert Path("piped/run/step1").read_bytes() == data
    with compressor.Archive("run.cz") as opened:
        assert opened.read("run/step1") == data
        with opened.open("run/step1") as file:
            file.seek(100_000)
            assert file.read(50_000) == data[100_000:150_000]


def test_a_pipe_gets_no_differences_within_it(run: Run) -> None:
    write("a0", "b1")

    archive = run("compress", "a0", "b1", "-c").stdout

    Path("piped.cz").write_bytes(archive)
    assert "floatdelta" not in chains(run, "piped.cz")
    assert run("decompress", input=archive).stdout == state(0) + state(1)


def test_threads_change_no_byte(run: Run) -> None:
    write("a0", "b1", "c2")
    for number in (1, 2):
        run("compress", f"-T{number}", "a0", "b1", "-o", f"{number}.cz")
        run("append", f"-T{number}", f"{number}.cz", "c2")

    assert Path("1.cz").read_bytes() == Path("2.cz").read_bytes()


# --base


def test_a_plain_file_is_a_base(run: Run) -> None:
    write("old0", "new1")

    run("compress", "--base", "old0", "new1")

    assert chains(run, "new1.cz") == {"zstd": 1, "floatdelta": 2}
    assert run("decompress", "--base", "old0", "-c", "new1.cz").stdout == state(1)
    piped = Path("new1.cz").read_bytes()
    assert run("decompress", "--base", "old0", input=piped).stdout == state(1)
    assert run("cat", "--base", "old0", "new1.cz", "--range", ":7").stdout == state(1)[:7]
    run("test", "--base", "old0", "new1.cz")
    run("extract", "--base", "old0", "new1.cz", "-C", "out")
    assert Path("out/new1").read_bytes() == state(1)


def test_a_stream_to_a_pipe_may_have_a_base(run: Run) -> None:
    write("old0", "new1")

    archive = run("compress", "--base", "old0", "-c", "new1").stdout

    assert len(archive) < 0.5 * len(state(1))
    assert run("decompress", "--base", "old0", input=archive).stdout == state(1)


def test_an_archive_is_a_base_by_what_it_holds_in_any_version(run: Run) -> None:
    write("old0", "new1", "newer2")
    run("compress", "old0")
    run("compress", "--base", "old0.cz", "new1")

    assert chains(run, "new1.cz")["floatdelta"] == 2
    assert run("decompress", "--base", "old0", "-c", "new1.cz").stdout == state(1)
    Path("old0").write_bytes(b"something else")
    run("append", "old0.cz", "old0")
    assert run("decompress", "--base", "old0.cz", "-c", "new1.cz").stdout == state(1)


def test_a_base_may_have_a_base_itself(run: Run) -> None:
    write("old0", "new1", "newer2")
    run("compress", "--base", "old0", "new1")
    run("compress", "--base", "old0", "--base", "new1.cz", "newer2", "-o", "newer.cz")
    both = ("--base", "new1.cz", "--base", "old0")

    assert run("decompress", *both, "-c", "newer.cz").stdout == state(2)
    assert missing(run("test", "--base", "new1.cz", "newer.cz", code=5).stderr, "old0")


@pytest.mark.parametrize("verb", ["decompress", "extract", "cat", "test"])
def test_a_base_that_is_missing_or_changed_is_named_with_its_hash(run: Run, verb: str) -> None:
    write("old0", "new1")
    run("compress", "--base", "old0", "new1")
    Path("new1").unlink()
    Path("changed").write_bytes(state(0)[:-1] + b"?")

    for words in ((), ("--base", "changed")):
        done = run(verb, *words, "new1.cz", code=5)
        assert missing(done.stderr, "old0")
    assert not Path("new1").exists()


def test_an_append_may_have_a_base_and_names_it_once(run: Run) -> None:
    write("old0", "run/a0")
    Path("run/a0").write_bytes(safetensors({"other": tensor(7, 0)}))
    run("compress", "run")
    sizes = [Path("run.cz").stat().st_size]
    for name, step in (("b", 1), ("c", 2)):
        Path("run", name).write_bytes(safetensors({f"layer.{step - 1}": tensor(step - 1, step)}))
        run("append", "--base", "old0", "run.cz", "run")
        sizes.append(Path("run.cz").stat().st_size)

    assert chains(run, "run.cz")["floatdelta"] == 2
    assert Path("run.cz").read_bytes().count(b"\xc5Z\xd2\x1e\x0c") == 1
    run("extract", "--base", "old0", "run.cz", "-C", "out")
    for name in "bc":
        assert Path("out/run", name).read_bytes() == Path("run", name).read_bytes()
    run("prune", "--base", "old0", "run.cz", "--keep-last", "1")
    run("test", "--base", "old0", "run.cz")


def test_what_a_state_needs_is_not_written_over(run: Run) -> None:
    write("old0", "new1")
    before = Path("old0").read_bytes()

    said = run("compress", "--base", "old0", "-f", "new1", "-o", "old0", code=1).stderr
    assert b"old0" in said
    run("compress", "--base", "old0", "old0")
    run("test", "old0.cz")  # packed in full
    run("compress", "--base", "old0", "new1")
    run("append", "--base", "new1.cz", "new1.cz", "old0", code=2)
    run("decompress", "--base", "old0", "-f", "-o", "old0", "new1.cz", code=1)
    run("cat", "--base", "old0", "-f", "-o", "old0", "new1.cz", code=1)
    Path("new1.cz").rename("old0.cz")
    run("decompress", "--base", "old0", "-f", "old0.cz", code=1)
    assert Path("old0").read_bytes() == before


def test_a_base_that_can_not_be_read_is_told(run: Run) -> None:
    write("new1")
    Path("damaged.cz").write_bytes(b"\x89CZ\0\r\n\x1a\n" + bytes(100))
    Path("folder").mkdir()

    assert b"absent" in run("compress", "--base", "absent", "new1", code=1).stderr
    assert b"folder" in run("compress", "--base", "folder", "new1", code=2).stderr
    assert b"damaged.cz" in run("compress", "--base", "damaged.cz", "new1", code=4).stderr
    assert not Path("new1.cz").exists()


def test_all_files_of_a_folder_come_one_after_the_other(run: Run) -> None:
    """Once only the first did: a folder before them was taken for the one file that there is."""
    Path("run").mkdir()
    for name in "abc":
        Path("run", name).write_text(name)
    run("compress", "run")

    assert run("decompress", "-c", "run.cz").stdout == b"abc"


# Damage


def test_what_is_appended_to_damaged_numbers_is_stored_in_full(run: Run) -> None:
    write("model0", "model1")
    Path("model0").rename("model")
    run("compress", "model")
    archive = bytearray(Path("model.cz").read_bytes())
    archive[archive.index(b"floatsplit") + 500] ^= 1
    Path("model.cz").write_bytes(archive)
    Path("model1").rename("model")

    run("append", "model.cz", "model")

    found = [block.chain for block in blocks(Path("model.cz").read_bytes())["model"]]
    assert [chain.partition(":")[0] for chain in found] == ["zstd", "floatsplit", "floatdelta"]
    assert run("cat", "model.cz").stdout == state(1)
    run("cat", "model.cz", "--at", "1", code=4)


def test_recovery_names_who_has_lost_a_base(run: Run) -> None:
    write("run/step0", "run/step1")
    Path("run/other").write_bytes(safetensors({"other": tensor(5, 0, count=2 * COUNT)}))
    run("compress", "run")
    archive = bytearray(Path("run.cz").read_bytes())
    at = archive.index(b"floatsplit", archive.index(b"run/step0")) + 500
    archive[at] ^= 1
    Path("run.cz").write_bytes(archive)

    done = run("recover", "run.cz", "-o", "sound.cz", "--json", code=3)

    text = (done.stdout + done.stderr).decode()
    assert "run/step0" in text
    assert "run/step1" in text
    assert "run/other" not in text
    run("test", "sound.cz")
    assert run("cat", "sound.cz", "run/other").stdout == Path("run/other").read_bytes()
    assert json.loads(done.stdout.splitlines()[0])
