"""The same bytes back, and the same archive for the same input, however it comes."""

import os
import random
from pathlib import Path

import pytest

from tests.cli.archives import flipped
from tests.cli.process import Run, left, lines, start

TEXT = b"".join(b"line %d of a log\n" % number for number in range(200_000))


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_files_come_back(run: Run, size: int) -> None:
    Path("a").write_bytes(b"x" * size)

    run("compress", "--rm", "a")
    run("decompress", "--rm", "a.cz")

    assert Path("a").read_bytes() == b"x" * size
    assert run("-dc", input=run(input=b"x" * size).stdout).stdout == b"x" * size


def test_holes_stay_holes_both_ways(run: Run) -> None:
    with Path("a").open("wb") as file:
        file.write(b"begin")
        file.seek(64 << 20)
        file.write(b"middle")
        file.truncate(128 << 20)
    if Path("a").stat().st_blocks * 512 >= 1 << 20:
        pytest.skip("this file system stores zeros")

    run("compress", "-v", "a")
    run("decompress", "a.cz", "-o", "b")
    run("decompress", "-N", "-C", "d", "a.cz")

    for path in (Path("b"), Path("d/a")):
        assert path.stat().st_size == 128 << 20
        assert path.stat().st_blocks * 512 < 1 << 20
    assert Path("a.cz").stat().st_size < 4096
    assert Path("a").read_bytes() == Path("b").read_bytes() == Path("d/a").read_bytes()
    assert run("decompress", "-c", "a.cz").stdout == Path("a").read_bytes()


def test_threads_never_change_a_byte(run: Run) -> None:
    Path("a").write_bytes(TEXT)

    one = run("compress", "-c", "--block-size", "512K", "-T1", "a").stdout
    four = run("compress", "-c", "--block-size", "512K", "-T4", "a").stdout
    set_by = run("compress", "-c", "--block-size", "512K", "a", env={"COMPRESSOR_THREADS": "3"})

    assert one == four == set_by.stdout
    assert run("-dc", "-T1", input=one).stdout == run("-dc", "-T4", input=one).stdout == TEXT


def test_a_pipe_gives_what_a_file_gives_but_for_its_metadata(run: Run) -> None:
    for size in (0, 1000, 1 << 20, len(TEXT)):
        Path("a").write_bytes(TEXT[:size])
        options = ["--block-size", "1M", "-c"]

        file = run("compress", *options, "a").stdout
        pipe = run("compress", *options, "--name", "a", input=TEXT[:size]).stdout

        # Only time and mode of the entry differ, and the time that stamps the version.
        assert 0 < len(file) - len(pipe) < 32
        differ = next(at for at, (x, y) in enumerate(zip(file, pipe, strict=False)) if x != y)
        assert differ > len(pipe) - 512


def test_the_environment_sets_the_level(run: Run) -> None:
    fast = run("-1", input=TEXT).stdout

    assert run(input=TEXT, env={"COMPRESSOR_LEVEL": "1"}).stdout == fast
    assert run("-3", input=TEXT, env={"COMPRESSOR_LEVEL": "1"}).stdout == run(input=TEXT).stdout
    run("--codec", "store", input=b"", env={"COMPRESSOR_LEVEL": "1"})
    for level in ("0", "19", "x"):
        assert b"COMPRESSOR_LEVEL" in run(input=b"", env={"COMPRESSOR_LEVEL": level}, code=2).stderr
    assert b"COMPRESSOR_THREADS" in run(input=b"", env={"COMPRESSOR_THREADS": "x"}, code=2).stderr


def test_a_live_stream_can_be_read_while_it_is_written(folder: Path) -> None:
    words = ("compress", "--flush-after", "0.05", "--name", "log")
    with start(*words) as writer, start("decompress", "-c", stdin=writer.stdout) as reader:
        assert writer.stdin is not None
        assert reader.stdout is not None
        for line in (b"first\n", b"second\n", b"third\n"):
            writer.stdin.write(line)
            writer.stdin.flush()
            assert reader.stdout.readline() == line  # comes although the writer goes on
        writer.stdin.close()
        assert writer.wait() == reader.wait() == 0


def test_a_live_stream_may_wait_for_longer_than_a_clock_goes(run: Run) -> None:
    packed = run("compress", "--flush-after", "1e10", input=b"x").stdout

    assert run("decompress", "-c", input=packed).stdout == b"x"


def test_the_archive_says_that_the_clock_cut_it(run: Run) -> None:
    Path("a.cz").write_bytes(run("--flush-after", "1", input=b"x").stdout)

    (info,) = lines(run("info", "--json", "a.cz").stdout)

    assert info["features"] == ["clock"]
    assert b"clock" in run("info", "a.cz").stdout


SEED = 8
DAMAGES = 200


def damaged(archive: bytes, draw: random.Random) -> bytes:
    if draw.random() < 0.25:
        return archive[: draw.randrange(len(archive))]
    return flipped(archive, draw.randrange(len(archive)), draw.randrange(8))


def test_no_damage_passes_for_content(run: Run) -> None:
    draw = random.Random(SEED)
    plain = TEXT[:12_000] + draw.randbytes(500)
    archive = run("--name", "a", "--block-size", "4K", input=plain).stdout
    names = [f"{number:03}.cz" for number in range(DAMAGES)]
    for name in names:
        Path(name).write_bytes(damaged(archive, draw))

    done = run("decompress", "--json", *names, code=4)
    tested = run("test", "--json", *names, code=4)

    failed = {line["path"] for line in lines(done.stdout) if line["type"] == "error"}
    assert failed == set(names)  # none of the 200 passes unseen
    assert failed == {line["path"] for line in lines(tested.stdout) if line["type"] == "error"}
    restored = left(Path()) - set(names)
    assert all(Path(name).read_bytes() == plain for name in restored)  # only an end was missing


def test_damage_in_a_pipe_has_an_exit_code(folder: Path) -> None:
    draw = random.Random(SEED + 1)
    with start("compress", "--name", "a") as process:
        archive, _ = process.communicate(TEXT[:3000])

    for words in ([["-dc"], ["-t"]]) * 5:
        with start(*words) as process:
            given, said = process.communicate(damaged(archive, draw))
        assert process.returncode in (1, 3, 4, 5)
        assert given in (b"", TEXT[:3000])
        assert said.startswith(b"compressor: ")


def test_of_archives_in_a_row_a_pipe_gives_the_first_version_of_each(run: Run) -> None:
    """Once nothing came of those behind one with several versions, and each version was told."""
    for name in ("a", "b"):
        for version in (1, 2, 3):
            Path(name).write_bytes(f"{name}{version}\n".encode() * 9)
            os.utime(name, (version, version))
            run(*(["compress"] if version == 1 else ["append", f"{name}.cz"]), name)
    row = b"".join(Path(name).read_bytes() for name in ("a.cz", "b.cz", "a.cz"))
    Path("row.cz").write_bytes(row)

    done = run("decompress", input=row, code=3)

    assert done.stdout == (b"a1\n" * 9 + b"b1\n" * 9 + b"a1\n" * 9)
    assert done.stderr.count(b"several versions") == 1
    assert run("decompress", "-c", "row.cz").stdout == b"a3\n" * 9 + b"b3\n" * 9 + b"a3\n" * 9
    run("test", input=row)
    run("extract", "-", "-C", "out", input=row)
    assert Path("out/a").read_bytes() + Path("out/b").read_bytes() == b"a3\n" * 9 + b"b3\n" * 9
    listed = run("list", input=row).stdout.decode()
    assert [line for line in listed.splitlines() if "version" in line] == [
        f"version {number}" for _ in range(3) for number in (1, 2, 3)
    ]
