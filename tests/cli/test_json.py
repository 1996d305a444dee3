"""JSON Lines: what docs/json.md says is what comes."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from compressor.archive.leaf import Entry, Owner
from compressor.archive.schema import CHAR_DEVICE, MAJOR, MINOR, SYMLINK, Head
from compressor.archive.writer import ArchiveWriter, VersionLabel
from tests.cli.archives import flipped
from tests.cli.process import Run, lines

DOCUMENT = Path(__file__).parents[2] / "docs/json.md"
TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "array": list,
    "boolean": bool,
    "object": dict,
    "null": type(None),
}


def documented() -> dict[str, dict[str, str]]:
    """Return each type's fields, and what each may be, from the tables."""
    found = {}
    for section in DOCUMENT.read_text().split("\n## `")[1:]:
        name = section.split("`", 1)[0]
        rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", section, re.MULTILINE)
        found[name] = dict(rows)
    return found


def check(line: dict[str, Any], fields: dict[str, str]) -> None:
    assert line.keys() - {"type"} == fields.keys()
    for name, value in line.items():
        if name != "type":
            kinds = tuple(TYPES[word] for word in fields[name].split(" or "))
            assert isinstance(value, kinds), f"{line['type']}.{name}: {value!r}"


@pytest.fixture
def printed(run: Run) -> list[dict[str, Any]]:
    """What all commands print when everything that can happen happens."""
    Path("a").write_bytes(bytes(range(256)) * 40)
    found = lines(run("compress", "--json", "a").stdout)
    Path("b").write_bytes(bytes(range(256)) * 40)
    run("compress", "--block-size", "4K", "-o", "b.cz", "a", "b")
    good = Path("b.cz").read_bytes()
    Path("b.cz").write_bytes(flipped(good, len(good) // 4))
    Path("c.cz").write_bytes(run(input=b"x").stdout)
    header = b'{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}'
    Path("t").write_bytes(len(header).to_bytes(8, "little") + header + b"\1\2")
    run("compress", "t")
    run("compress", "--block-size", "4K", "-o", "w.cz", "a", "t")
    Path("w.cz").write_bytes(flipped(Path("w.cz").read_bytes(), 300))
    Path("run").mkdir()
    Path("run/link").symlink_to("a")
    calls: list[tuple[int, list[str]]] = [
        (0, ["compress", "--dry-run", "-o", "x.cz", "a"]),
        (1, ["compress", "a"]),
        (0, ["compress", "a.cz"]),
        (3, ["decompress", "-f", "a.cz", "missing"]),
        (4, ["decompress", "-f", "b.cz", "-C", "out"]),
        (0, ["list", "a.cz"]),
        (0, ["list", "c.cz"]),
        (0, ["list", "--tensors", "t.cz"]),
        (0, ["compress", "-o", "run.cz", "run"]),
        (0, ["append", "run.cz", "run", "--dry-run"]),
        (0, ["append", "run.cz", "run"]),
        (0, ["list", "run.cz"]),
        (0, ["info", "run.cz"]),
        (0, ["versions", "run.cz"]),
        (0, ["prune", "run.cz", "--keep-last", "1"]),
        (0, ["export", "run.cz", "-o", "run.tar"]),
        (0, ["convert", "run.tar", "-o", "converted.cz"]),
        (4, ["test", "a.cz", "b.cz"]),
        (0, ["info", "a.cz"]),
        (0, ["codecs"]),
        (3, ["recover", "b.cz", "-o", "r.cz"]),
        (0, ["bench", "a", "--level", "3", "--codec", "store"]),
        (0, ["entropy", "a", "--codec", "huffman"]),
    ]
    for code, words in calls:
        found += lines(run(*words, "--json", code=code).stdout)
    found += lines(run("cat", "a.cz", "--json").stderr)
    found += lines(run("decompress", "-c", "w.cz", "--json", code=4).stderr)
    return found


def test_every_line_has_the_documented_fields(printed: list[dict[str, Any]]) -> None:
    fields = documented()

    for line in printed:
        check(line, fields[line["type"]])

    seen = {line["type"] for line in printed}
    assert seen == fields.keys() - {"progress"}  # test_progress.py waits for these


def test_lines_go_to_stderr_where_stdout_carries_data(run: Run) -> None:
    done = run("--json", input=b"text")

    assert [line["type"] for line in lines(done.stderr)] == ["packed"]
    assert run("-dc", "--json", input=done.stdout).stdout == b"text"


@pytest.mark.parametrize(
    "words", ["compress -19 a", "list --what", "cat", "nonsense", "d --rm -c a"]
)
def test_wrong_usage_is_a_line_too(run: Run, words: str) -> None:
    done = run(*words.split(), "--json", code=2)

    assert [(line["type"], line["exit_code"]) for line in lines(done.stderr)] == [("error", 2)]
    assert done.stdout == b""


def test_an_error_says_where(run: Run) -> None:
    Path("a.cz").write_bytes(run("--name", "n", input=b"x" * 100).stdout[:70])

    (error,) = lines(run("cat", "--json", "a.cz", code=4).stderr)

    assert error["offset"] == 70
    assert error["path"] == "a.cz"


@pytest.fixture
def spoilt(run: Run) -> None:
    """An archive of members with odd names, the first of them damaged."""
    for name in (b"a: \xff", b"b"):
        Path(os.fsdecode(name)).write_bytes(name * 9000)
    run("compress", "--codec", "store", "--solid-size", "4K", "-o", "x.cz", b"a: \xff", "b")
    Path("x.cz").write_bytes(flipped(Path("x.cz").read_bytes(), 1000))


@pytest.mark.usefixtures("spoilt")
@pytest.mark.parametrize("words", ["test", "decompress -c", "decompress -fC o", "extract -f"])
def test_an_error_names_the_archive_and_the_member_apart(run: Run, words: str) -> None:
    done = run(*words.split(), "x.cz", "--json", code=4)
    as_text = run(*words.split(), "x.cz", code=4)

    said = lines(done.stdout if done.stdout[:1] == b"{" else done.stderr)
    (error,) = [line for line in said if line["type"] == "error"]
    assert error["path"] == "x.cz"
    assert os.fsencode(error["member"]) == b"a: \xff"
    assert rb"compressor: x.cz: a: \xff: BLOCK record fails" in as_text.stderr


@pytest.mark.usefixtures("spoilt")
def test_what_is_skipped_or_left_out_is_named_so_too(run: Run) -> None:
    Path("out").mkdir()
    Path("out/b").touch()
    said = run("decompress", "--skip-existing", "-C", "out", "--json", "x.cz", code=4).stdout
    (note,) = [line for line in lines(said) if line["type"] == "note"]
    assert (note["path"], note["member"]) == ("x.cz", "b")

    found = lines(run("recover", "x.cz", "-o", "y.cz", "--json", code=3).stdout)

    (warning,) = [line for line in found if line["type"] == "warning"]
    assert (warning["path"], os.fsencode(warning["member"])) == ("x.cz", b"a: \xff")
    assert [line["left_out"] for line in found if line["type"] == "recovered"] == [["a: \udcff"]]


def test_names_that_are_not_utf8_can_be_given_back(run: Run) -> None:
    Path("n\udcff").write_text("x")
    run("compress", "-o", "x.cz", b"n\xff")

    name = lines(run("list", "--json", "x.cz").stdout)[0]["name"]

    assert run("cat", "x.cz", name).stdout == b"x"


def test_objects_within_lines_have_the_documented_fields(printed: list[dict[str, Any]]) -> None:
    for kind, field in (("info", "chains"), ("info", "kinds"), ("codec", "options")):
        row = re.search(
            rf"^\| `{field}` \| array \| objects with (.*) \|$", DOCUMENT.read_text(), re.M
        )
        assert row
        inner = [item for line in printed if line["type"] == kind for item in line[field]]
        assert inner
        assert all(list(item) == re.findall(r"`(\w+)`", row[1]) for item in inner)


def test_a_member_has_all_that_is_recorded_of_it(run: Run) -> None:
    parts: list[bytes] = []
    head = Head(MAJOR, MINOR, [], [], 1 << 20, 0, 0, 1 << 20, "store")
    writer = ArchiveWriter(lambda data: parts.append(bytes(data)), head)
    owner = Owner(1, 2, "ann", "staff")
    xattrs = ((b"user.a", b"\0\xff"), (b"user.n\xff", b""))
    entries = [
        Entry(b"d", CHAR_DEVICE, mode=0o600, mtime_ns=-1, owner=owner, device=(4, 65)),
        Entry(b"l", SYMLINK, target=b"t\xff", xattrs=xattrs),
    ]
    writer.members(entries)
    writer.finish(VersionLabel())
    Path("x.cz").write_bytes(b"".join(parts))

    device, link, _ = lines(run("list", "--json", "x.cz").stdout)

    assert (device["kind"], device["device"], device["mtime_ns"]) == ("char device", [4, 65], -1)
    assert [device[name] for name in ("uid", "gid", "user", "group")] == [1, 2, "ann", "staff"]
    assert (link["kind"], link["target"], link["uid"]) == ("symlink", "t\udcff", None)
    assert link["xattrs"] == {"user.a": "AP8=", "user.n\udcff": ""}
    assert b"crw------- 1 ann staff 4,65 " in run("list", "-l", "x.cz").stdout
