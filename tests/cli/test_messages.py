"""Messages: one line that says what is wrong, where, and what to do; with the right exit code."""

import gzip
import random
import shlex
from pathlib import Path

import pytest

from tests.cli.archives import hostile
from tests.cli.process import Run, left, lines


@pytest.fixture
def things(folder: Path) -> Path:
    """A file, an archive of it and one of two, a folder, an empty file, 1,000 bytes by gzip."""
    Path("a").write_bytes(b"12345678")
    Path("a.cz").write_bytes(hostile([b"a"]))
    Path("odd").write_bytes(hostile([b"a"]))
    Path("two.cz").write_bytes(hostile([b"a", b"d/b"]))
    Path("dir").mkdir()
    Path("empty").touch()
    Path("big.gz").write_bytes(gzip.compress(bytes(1000)))
    return folder


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("compress -o . a", 1, ". is a folder; name a file"),
        ("compress -o dir/ a", 1, "dir is a folder; name a file"),
        ("compress -o no/x.cz a", 1, "no/x.cz: its folder is not there; make it first"),
        ("compress --output-dir a empty", 1, "a is not a folder; name one"),
        ("decompress two.cz -C a", 1, "two.cz: a is not a folder; name one"),
        ("decompress two.cz -C a/x", 1, "two.cz: a/x is not a folder; name one"),
        ("decompress a.cz -C a/x", 1, "a.cz: a/x is not a folder; name one"),
        ("decompress a.cz -o .", 1, "a.cz: . is a folder; name a file"),
        ("decompress dir", 1, "dir: is a folder, not an archive"),
        ("list dir", 1, "dir: is a folder, not an archive"),
        ("recover a.cz -o a.cz", 1, "a.cz is an input; name another output"),
        ("export a.cz -o a.cz", 1, "a.cz is an input; name another output"),
        ("compress -o a/x.cz a", 1, "a/x.cz: a is not a folder; name another output"),
        ("recover a.cz -o no/x", 1, "a.cz: no/x: its folder is not there; make it first"),
        ("compress a.cz", 0, "a.cz: already ends in .cz; skipped (-o FILE packs it)"),
        ("cat", 2, "Missing argument 'ARCHIVE'; see compressor cat --help"),
        ("cat a.cz --range 9:5", 2, "--range 9:5 ends before it begins"),
        (
            f"cat a.cz --range 0:{'9' * 5000}",
            2,
            f"--range 0:{'9' * 5000}: write START:END in bytes, such as 0:4096; either may be left out",
        ),
        (
            f"list --memory {'9' * 400} a.cz",
            2,
            f"Invalid value for '--memory': '{'9' * 400}' is not a size; write 500000, 64K, 8M or 1.5G; "
            "see compressor list --help",
        ),
        ("cat a.cz --range 2:3", 2, "a.cz: --range begins at 2, 'a' has only 1 bytes"),
        (
            "compress --memory 5 -c a",
            4,
            "packing with zstd:level=3 in blocks of 65536 bytes needs 66 MiB of memory, "
            "5 bytes are allowed (--memory)",
        ),
        (
            "list --memory 5 a.cz",
            4,
            "a.cz: looking into this archive needs 65 MiB of memory, 5 bytes are allowed (--memory)",
        ),
        (
            "compress --block-size 1 a",
            2,
            "Invalid value for '--block-size': 1 is less than 4096 bytes, the least; "
            "see compressor compress --help",
        ),
        (
            "compress --block-size 8G a",
            2,
            "Invalid value for '--block-size': 8G is more than 1073741824 bytes; "
            "see compressor compress --help",
        ),
        (
            "list --memory 9999999T a.cz",
            2,
            "Invalid value for '--memory': 9999999T is more than 9223372036854775807 bytes; "
            "see compressor list --help",
        ),
        (
            f"-{'9' * 5000} a",
            2,
            "levels go from -1 to -9; --codec zstd:level=22 goes beyond",
        ),
        (
            "compress --flush-after nan",
            2,
            "Invalid value for '--flush-after': 'nan' is not a number above 0; "
            "see compressor compress --help",
        ),
        ("decompress a.cz -o a.cz", 1, "a.cz is an input; name another output"),
        (
            "convert a.cz",
            1,
            "a.cz: this is a .cz archive already; `compressor export` makes a tar file of it",
        ),
        ("append no.cz a", 1, "no.cz: No such file or directory"),
        (
            "decompress odd",
            2,
            "odd: its name does not end in .cz (nor in .gz, .zst or the like): "
            "say where its content goes with -o, -c or -N",
        ),
        ("compress --codec lz78:level=1 a", 2, "lz78 has no options\n  lz78:level=1\n       ^"),
        ("entropy --plot no/x.png a", 1, "no/x.png: its folder is not there; make it first"),
        ("bench --plot no/x.png a", 1, "no/x.png: its folder is not there; make it first"),
        ("list empty", 4, "empty: the input is empty"),
        ("recover empty -o x", 4, "empty: the input is empty"),
        (
            "test --max-output 0.5k big.gz",
            4,
            "big.gz: the output exceeds 512 bytes; to go on raise the limit, --max-output",
        ),
        *(
            (words, 2, f"Invalid value for {said}; see compressor {words.split()[0]} --help")
            for words, said in (
                ("compress --level ٣ a", "'--level': '٣' is not a number from 0 to 9"),
                ("cat a.cz --at ٣", "'--at': '٣' is not a number from 1 on"),
                ("cat a.cz --at 1_0", "'--at': '1_0' is not a number from 1 on"),
                ("bench a --level 10", "'--level': '10' is not a number from 1 to 9"),
                ("prune a.cz --keep-last 0", "'--keep-last': '0' is not a number from 1 on"),
                ("test --max-expansion ٣ a.cz", "'--max-expansion': '٣' is not a number above 0"),
                ("test --max-expansion 0 a.cz", "'--max-expansion': '0' is not a number above 0"),
                (
                    "test --max-expansion nan a.cz",
                    "'--max-expansion': 'nan' is not a number above 0",
                ),
                (
                    "compress a --time @٣",
                    "'--time': '@٣' is no time; write 2026-11-22T10:00:00Z or @1763800000",
                ),
            )
        ),
        ("nonsense", 2, "No such command 'nonsense'; see compressor --help"),
    ],
)
def test_a_message_is_one_line(run: Run, things: Path, words: str, code: int, said: str) -> None:
    before = left(things)

    assert run(*shlex.split(words), code=code).stderr.decode() == f"compressor: {said}\n"
    assert left(things) == before


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("COMPRESSOR_THREADS", "x", "is not a number from 0 to 1024"),
        ("COMPRESSOR_THREADS", "٣", "is not a number from 0 to 1024"),
        ("COMPRESSOR_LEVEL", "x", "is not a level from 1 to 9"),
        ("COMPRESSOR_LEVEL", "٣", "is not a level from 1 to 9"),
    ],
)
def test_a_variable_that_is_wrong_is_named_with_its_value(
    run: Run, things: Path, name: str, value: str, said: str
) -> None:
    done = run("compress", "a", "-o", "new", code=2, env={name: value})

    assert done.stderr.decode() == f"compressor: {name}={value!r} {said}\n"
    assert "new" not in left(things)


def test_a_variable_that_is_empty_counts_as_unset(run: Run, things: Path) -> None:
    run("compress", "a", "-o", "new", env={"COMPRESSOR_LEVEL": "", "COMPRESSOR_THREADS": ""})

    assert "new" in left(things)


def test_a_range_up_to_the_end_and_beyond_gives_what_is_there(run: Run, things: Path) -> None:
    assert run("cat", "a.cz", "--range", "0:99").stdout == b"a"
    assert run("cat", "a.cz", "--range", "1:").stdout == b""


def test_an_existing_member_is_named_once_with_its_folder(run: Run, things: Path) -> None:
    Path("dir/a").mkdir()
    Path("dir/d").mkdir()
    Path("dir/d/b").touch()

    said = run("decompress", "two.cz", "-C", "dir", code=1).stderr.decode()

    assert said == (
        "compressor: two.cz: dir/a is a folder; name a file\n"
        "compressor: two.cz: dir/d/b exists; -f overwrites it\n"
    )


@pytest.mark.parametrize("command", ["list", "info"])
@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", 4), (b"plain text\n", 1), (random.Random(8).randbytes(1000), 1)],
)
def test_what_is_no_archive_has_no_totals(
    run: Run, command: str, content: bytes, code: int
) -> None:
    Path("x").write_bytes(content)

    for words in [("x",), ()]:
        done = run(command, *words, code=code, input=content)
        assert done.stdout == b""
        assert done.stderr.count(b"\n") == 1
        [line] = lines(run(command, "--json", *words, code=code, input=content).stdout)
        assert line["type"] == "error"


def test_a_start_of_an_archive_has_no_totals(run: Run, things: Path) -> None:
    Path("x").write_bytes(Path("a.cz").read_bytes()[:8])

    for command in ("list", "info"):
        assert run(command, "x", code=4).stdout == b""


def test_a_refusal_names_a_member_once(run: Run) -> None:
    Path("h.cz").write_bytes(hostile([b"../out", b"a", b"a/b"]))

    said = run("extract", "h.cz", "-C", ".", code=3).stderr.decode().splitlines()

    assert said == [
        "compressor: h.cz: the recorded name '../out' would leave the folder; it is refused",
        "compressor: h.cz: a/b: 'a' is a link or a file, and no folder to restore into; it is refused",
    ]
    failed = lines(run("extract", "h.cz", "-C", ".", "-f", "--json", code=3).stdout)
    assert [(line["path"], line["member"]) for line in failed[:-1]] == [
        ("h.cz", "../out"),
        ("h.cz", "a/b"),
    ]
