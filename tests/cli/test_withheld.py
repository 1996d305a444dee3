"""To stdout members go in order: behind one that failed nothing is given, and what is kept back is named."""

from pathlib import Path

import pytest

from tests.cli.archives import flipped
from tests.cli.process import Run, lines

NAMES = ["a", "b", "c", "d"]


def content(name: str) -> bytes:
    return name.encode() * 100_000


@pytest.fixture
def damaged(run: Run) -> bytes:
    """An archive of four members, the second of which is damaged."""
    for name in NAMES:
        Path(name).write_bytes(content(name))
    run("compress", "--codec", "store", "--solid-size", "4K", "-o", "all.cz", *NAMES)
    packed = Path("all.cz").read_bytes()
    return flipped(packed, packed.index(b"bbbb") + 1000)


@pytest.mark.parametrize("piped", [True, False])
def test_what_is_behind_damage_is_named_as_not_given(
    run: Run, damaged: bytes, *, piped: bool
) -> None:
    Path("all.cz").write_bytes(damaged)
    given = {"words": ["-dc"], "input": damaged} if piped else {"words": ["-dc", "all.cz"]}
    words, options = given.pop("words"), given

    done = run(*words, code=4, **options)
    as_json = run(*words, "--json", code=4, **options)

    assert done.stdout == as_json.stdout == content("a")
    path = "-" if piped else "all.cz"
    error, withheld = done.stderr.decode().splitlines()
    assert error.startswith(f"compressor: {path}: b: BLOCK record fails its check")
    assert withheld.startswith(f"compressor: {path}: c and 1 more were not given, ")
    found = {line["type"]: line for line in lines(as_json.stderr)}
    assert found.keys() == {"error", "withheld", "unpacked"}
    assert found["withheld"]["members"] == ["c", "d"]
    assert (found["unpacked"]["members"], found["unpacked"]["plain_bytes"]) == (1, 100_000)


def test_quiet_runs_name_them_too_unless_errors_alone_are_wanted(run: Run, damaged: bytes) -> None:
    assert run("-dcq", input=damaged, code=4).stderr.count(b"\n") == 2
    assert run("-dcqq", input=damaged, code=4).stderr.count(b"\n") == 1


def test_a_folder_gets_all_that_is_sound_and_nothing_is_said_to_be_kept_back(
    run: Run, damaged: bytes
) -> None:
    said = run("-d", "-C", "out", "--json", input=damaged, code=4).stdout

    assert [line["type"] for line in lines(said)] == ["error", "unpacked"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["a", "c", "d"]


def test_a_file_that_is_not_made_is_not_said_to_lack_a_part(run: Run) -> None:
    row = b"".join(run("--codec", "store", input=content(name)).stdout for name in "ab")
    Path("row.cz").write_bytes(flipped(row, 1000))

    to_file = run("-d", "--json", "row.cz", code=4).stdout
    to_stdout = run("-dc", "row.cz", code=4)

    assert [line["type"] for line in lines(to_file)] == ["error"]
    assert to_stdout.stdout == b""
    assert b"row.cz: a member without a name was not given, " in to_stdout.stderr
