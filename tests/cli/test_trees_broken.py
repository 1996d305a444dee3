"""What testers broke in trees and versions, once; each told by what a careful user expects."""

import os
import shutil
from pathlib import Path

import pytest

from compressor.archive.index import indexes
from compressor.archive.source import RandomSource
from tests.cli.process import Run, lines

FAR = 10_413_792_000_000_000_000  # ns: the year 2300, beyond a signed number of 64 bits


def appended(run: Run) -> Path:
    """Make an archive of a file, and of a second state of it."""
    Path("s").write_text("one\n")
    run("compress", "s")
    Path("s").write_text("one\ntwo\n")
    run("append", "s.cz", "s")
    Path("s").unlink()
    return Path("s.cz")


def test_a_time_far_ahead_comes_back(run: Run) -> None:
    Path("e").mkdir()
    Path("e/a").write_text("a")
    os.utime("e/a", ns=(FAR, FAR))

    run("compress", "e", "e/a")
    run("append", "e.cz", "e")
    run("test", "e.cz", "e/a.cz")
    run("extract", "e.cz", "-C", "out")
    run("decompress", "-f", "e/a.cz")

    assert [Path(name).stat().st_mtime_ns for name in ("out/e/a", "e/a")] == [FAR, FAR]


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("@-2", -2 * 10**9),
        ("1969-12-31T23:59:59.25Z", -75 * 10**7),
        ("2540-01-01T00:00:00.999999Z", 17987443200_999999000),
    ],
)
def test_a_version_has_the_time_that_is_given(run: Run, text: str, time_ns: int) -> None:
    Path("a").touch()

    run("compress", "--time", text, "a")

    assert lines(run("versions", "--json", "a.cz").stdout)[0]["time_ns"] == time_ns


@pytest.mark.parametrize(
    "words", [["--label", "x" * 1025], ["--label", b"\xff"], ["--time", "@99999999999"]]
)
def test_what_can_not_be_recorded_of_a_version_is_wrong_usage(
    run: Run, words: list[str | bytes]
) -> None:
    Path("a").write_text("a")
    run("compress", "--rm", *words, "a", code=2)
    run("compress", "a")
    before = Path("a.cz").read_bytes()

    run("append", *words, "a.cz", "a", code=2)

    assert Path("a").exists()
    assert Path("a.cz").read_bytes() == before


def test_recover_takes_archives_that_were_appended_to(run: Run) -> None:
    Path("e").mkdir()
    Path("e/x").write_text("x")
    run("compress", "e")
    Path("e/y").write_text("y")
    run("append", "e.cz", "e")

    run("recover", "e.cz", "-o", "r.cz")
    run("extract", "r.cz", "-C", "out")

    assert {path.read_text() for path in Path("out/e").iterdir()} == {"x", "y"}


def test_decompress_gives_the_last_version_of_a_file(run: Run) -> None:
    archive = appended(run)

    assert run("decompress", "-c", archive).stdout == b"one\ntwo\n"
    run("decompress", archive)

    assert Path("s").read_text() == "one\ntwo\n"


def test_small_versions_come_through_a_pipe(run: Run) -> None:
    run("extract", "-", "-C", "out", input=appended(run).read_bytes())

    assert Path("out/s").read_text() == "one\ntwo\n"


def test_no_earlier_version_stands_in_for_what_the_last_has_lost(run: Run) -> None:
    for version in ("first", "second"):
        for number in range(3):
            Path(f"e/{number}").parent.mkdir(exist_ok=True)
            Path(f"e/{number}").write_text(f"{version} {number}")
        run(*(["append", "e.cz", "e"] if version == "second" else ["compress", "e"]))
    with Path("e.cz").open("r+b") as file:
        index = indexes(RandomSource(file))[-1]
        leaf = next(ref for ref in index.leaves() if ref.first)
        file.seek(leaf.offset + 60)
        byte = file.read(1)
        file.seek(leaf.offset + 60)
        file.write(bytes([byte[0] ^ 1]))

    done = run("extract", "e.cz", "-C", "out", code=4)

    assert b"are lost" in done.stderr
    assert not [path for path in Path("out").rglob("*") if path.is_file()]
    run("extract", "e.cz", "--at", "1", "-C", "first")
    assert Path("first/e/2").read_text() == "first 2"


def test_names_that_become_one_do_not_replace_each_other(run: Run) -> None:
    for folder in ("a", "b"):
        Path("w", folder).mkdir(parents=True)
        Path("w", folder, "f").write_text(folder)
    run("compress", "w")

    done = run("extract", "-f", "--strip-components", "2", "w.cz", "-C", "out", code=3)

    assert b"w/b/f: another member was restored under its name" in done.stderr
    assert Path("out/f").read_text() == "a"


def test_an_append_leaves_nobody_more_to_read_than_its_files_do(run: Run) -> None:
    Path("q").mkdir()
    Path("q/a").write_text("a")
    Path("q/a").chmod(0o644)
    run("compress", "q")
    Path("q.cz").chmod(0o644)
    Path("q/key").write_text("k")
    Path("q/key").chmod(0o600)

    run("append", "q.cz", "q")

    assert Path("q.cz").stat().st_mode & 0o777 == 0o600


def test_a_name_that_is_too_long_leaves_out_one_file(run: Run) -> None:
    Path("good/x").mkdir(parents=True)
    Path("good/a").write_text("a")
    os.close(deep("good/x", 262))

    done = run("compress", "good", code=3)
    shutil.rmtree("good/x")

    assert b"its name has more than 65000 bytes or 4000 slashes" in done.stderr
    assert run("cat", "good.cz", "good/a").stdout == b"a"


def deep(folder: str, levels: int) -> int:
    """Make so many folders of 250 letters within each other; return the innermost one, open."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d" * 250, dir_fd=here)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    return here


def test_names_far_longer_than_any_path_go_in_and_come_back(run: Run) -> None:
    Path("run").mkdir()
    here = deep("run", 240)
    for number in range(40):  # so that a leaf has not room for all
        with os.fdopen(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY, dir_fd=here), "w") as file:
            file.write(str(number))
    name = b"run" + b"/" + b"/".join([b"d" * 250] * 240) + b"/f7"
    run("compress", "run")
    os.unlink("f9", dir_fd=here)
    os.close(here)
    run("append", "run.cz", "run")
    run("test", "run.cz")

    assert run("list", "run.cz").stdout.count(name[:-1]) == 39
    assert run("list", input=Path("run.cz").read_bytes()).stdout.count(name[:-1]) == 79
    for archive in ("run.cz", "-"):
        run("extract", archive, "-C", "out", input=Path("run.cz").read_bytes())
        here = os.open("out/run", os.O_RDONLY)
        for _ in range(240):
            inner = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        with os.scandir(here) as found:
            assert {item.name for item in found} == {f"f{n}" for n in range(40) if n != 9}
        os.close(here)
        shutil.rmtree("out")
    shutil.rmtree("run")


@pytest.mark.parametrize(("cut", "content"), [(10, b"V2V2"), (150, b"V1")])
def test_of_an_append_that_was_cut_off_decompress_gives_the_last_whole_version(
    run: Run, cut: int, content: bytes
) -> None:
    Path("s").write_bytes(b"V1")
    run("compress", "s")
    Path("s").write_bytes(b"V2V2")
    run("append", "s.cz", "s")
    Path("cut.cz").write_bytes(Path("s.cz").read_bytes()[:-cut])

    assert run("decompress", "-c", "cut.cz", code=3).stdout == content
    run("decompress", "-o", "o", "cut.cz", code=3)
    run("decompress", "cut.cz", code=3)

    assert (Path("o").read_bytes(), Path("cut").read_bytes()) == (content, content)
