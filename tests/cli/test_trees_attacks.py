"""What an archive may do to a folder, tried with archives that no honest writer makes."""

import os
from pathlib import Path

import pytest
from blake3 import blake3

from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, MAJOR, MINOR, Block, Head
from compressor.archive.writer import ArchiveWriter, VersionLabel, block_draft
from compressor.cli import main
from compressor.engine.nodes import entry_of
from tests.cli.process import Run
from tests.tree.attacks import ATTACKS, Attack, Member, file, folder, hard, link
from tests.tree.replay import make_outer, outside, prepare


class Unscrupulous(ArchiveWriter):
    """Writes any names, and each as often as it is told to."""

    def claim(self, name: bytes) -> None:
        del name


def archive_of(members: list[Member]) -> bytes | None:
    """Return an archive of the members as they stand; None where the format can't say such a thing."""
    parts: list[bytes] = []
    head = Head(MAJOR, MINOR, [], [], 1 << 20, 1 << 20, 0, 1 << 20, "store")
    writer = Unscrupulous(lambda data: parts.append(bytes(data)), head)
    try:
        entries = [entry_of(node) for node, _ in members]
        for entry, (_, content) in zip(entries, members, strict=True):
            if entry.kind != FILE:
                writer.members([entry])
                continue
            at = writer.block(block_draft(Block("store", len(content), [], None, 0), [content]))
            writer.members([with_content(entry, content, at)])
        writer.finish(VersionLabel())
    except (ValueError, OverflowError, TypeError):
        return None
    return b"".join(parts)


def with_content(entry: Entry, content: bytes, at: int) -> Entry:
    fields = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    given = {
        "size": len(content),
        "content_hash": blake3(content).digest(),
        "spans": [(at, 0, len(content))],
    }
    return Entry(**{**fields, **given})


def singly(attack: Attack) -> list[Member]:
    """Leave out what the format can't even say, and of two of one name the second."""
    return [member for member in attack.members if archive_of([member]) is not None]


WAYS = {
    "extract": ["extract", "{}", "-C", "dest"],
    "forced": ["extract", "-f", "{}", "-C", "dest"],
    "carefree": ["extract", "--unsafe-links", "--specials", "{}", "-C", "dest"],
    "decompress": ["decompress", "-k", "{}", "-C", "dest"],
    "a pipe": ["extract", "-", "-C", "dest"],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_no_archive_changes_anything_outside_the_folder(
    folder: Path, attack: Attack, way: str, capfd: pytest.CaptureFixture[str]
) -> None:
    outer = make_outer(folder)
    attack = attack.at(os.fsencode(outer))
    prepare(outer / "dest", attack.before)
    packed = archive_of(singly(attack))
    assert packed is not None
    archive = folder / "attack.cz"
    archive.write_bytes(packed)
    before = outside(outer)
    os.chdir(outer)

    code = run_here([word.format(archive) for word in WAYS[way]], archive, piped=way == "a pipe")

    said = capfd.readouterr().err
    after = outside(outer)
    if "another name of an outer file" in attack.name and way == "forced":
        assert Path("canary").read_text() == "as it was"  # it has one name less
    else:
        assert after == before
    assert "internal error" not in said
    assert code in (0, 1, 3, 4)
    if attack.refused and way == "a pipe":  # an index leaves out the first of two of one name
        assert code != 0
        assert said
    assert not [path for path in Path("dest").rglob("*.part") if path.is_file()]


def run_here(words: list[str], archive: Path, *, piped: bool) -> int:
    if not piped:
        return main(words)
    ours, theirs = os.pipe()
    stdin = os.dup(0)
    os.dup2(ours, 0)
    os.close(ours)
    child = os.fork()
    if not child:
        os.write(theirs, archive.read_bytes())
        os._exit(0)
    os.close(theirs)
    try:
        return main(words)
    finally:
        os.dup2(stdin, 0)
        os.close(stdin)
        os.waitpid(child, 0)


def test_the_attacks_are_told_as_they_were_meant() -> None:
    whole = [attack for attack in ATTACKS if singly(attack) == list(attack.members)]

    assert len(whole) > len(ATTACKS) - 3


def test_members_that_mean_no_harm_come_beside_those_that_do(run: Run) -> None:
    packed = archive_of(
        [
            folder(b"d"),
            file(b"../evil"),
            file(b"d/good", b"good"),
            link(b"up", b"../.."),
            file(b"z"),
        ]
    )
    assert packed is not None
    Path("x.cz").write_bytes(packed)

    said = run("extract", "x.cz", "-C", "out", code=3).stderr

    assert b"'../evil' would leave the folder" in said
    assert b"'up' -> '../..' may lead out of the folder" in said
    assert sorted(str(path) for path in Path("out").rglob("*")) == ["out/d", "out/d/good", "out/z"]
    assert not Path("evil").exists()


@pytest.mark.parametrize("way", ["a file", "a pipe"])
@pytest.mark.parametrize("option", ["--max-output", "--max-expansion"])
def test_limits_count_the_bytes_that_are_written(run: Run, way: str, option: str) -> None:
    """Many members with one content are few bytes in the archive, and many on the disk."""
    content = os.urandom(50_000)
    Path("run").mkdir()
    if option == "--max-expansion":  # which lets the first 64 MiB be
        with Path("run/a hole").open("wb") as file:
            file.truncate(70 << 20)
    for number in range(100):
        Path(f"run/{number}").write_bytes(content)
    run("compress", "--codec", "store", "-o", "x.cz", "run")
    packed = Path("x.cz").read_bytes()
    assert len(packed) < 100_000

    source = {"input": packed} if way == "a pipe" else {}
    words = ["-" if way == "a pipe" else "x.cz", option]
    least, most = ("1M", "5M") if option == "--max-output" else ("20", "2000")
    said = run("extract", *words, least, "-C", "some", code=4, **source).stderr
    run("extract", *words, most, "-C", "all", **source)

    assert option.strip("-").replace("-", "_").encode() in said.replace(b"-", b"_")
    written = sum(path.stat().st_size for path in Path("some").rglob("*") if path.is_file())
    assert written <= (1 << 20 if option == "--max-output" else 64 << 20)
    assert len(list(Path("all/run").glob("[0-9]*"))) == 100


def test_hard_links_to_what_the_archive_does_not_hold_are_refused(run: Run) -> None:
    packed = archive_of([hard(b"a", b"mine"), hard(b"b", b"/etc/passwd"), file(b"c")])
    assert packed is not None
    Path("x.cz").write_bytes(packed)
    Path("out").mkdir()
    Path("out/mine").write_text("mine")

    run("extract", "x.cz", "-C", "out", code=3)

    assert sorted(os.listdir("out")) == ["c", "mine"]  # noqa: PTH208  names alone
    assert Path("out/mine").stat().st_nlink == 1
