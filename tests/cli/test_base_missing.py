"""A base that is missing is told before a byte is given, where the archive can be looked into."""

from pathlib import Path

import pytest

from compressor.engine.externals import Externals
from compressor.engine.needs import require_all
from compressor.engine.reading import NONE_GIVEN, UnpackOptions
from compressor.errors import MissingBaseError
from tests.cli.process import Run
from tests.cli.test_base import missing, write
from tests.tensors.states import safetensors, state, tensor

SMALL = b"a small file, packed in full"


@pytest.fixture
def archive(run: Run) -> str:
    """An archive of a small file and a state, which is a difference from old0."""
    write("old0", "new1")
    Path("a").write_bytes(SMALL)
    run("compress", "--base", "old0", "a", "new1", "-o", "both.cz")
    return "both.cz"


@pytest.mark.parametrize(
    "words",
    [
        ("decompress", "-c"),
        ("cat",),
        ("export", "-o", "-"),
        ("cat", "new1"),
        ("cat", "new1", "--range", "3:"),
        ("cat", "new1", "--tensor", "layer.0", "--tensor", "layer.1"),
    ],
)
def test_nothing_is_given_of_what_needs_a_base_that_is_missing(
    run: Run, archive: str, words: tuple[str, ...]
) -> None:
    verb, *rest = words

    done = run(verb, archive, *rest, code=5)

    assert done.stdout == b""
    assert missing(done.stderr, "old0")
    assert done.stderr.count(b"\n") == 1


def test_what_needs_no_base_is_given_without_it(run: Run, archive: str) -> None:
    assert run("cat", archive, "a").stdout == SMALL
    head = run("cat", archive, "new1", "--range", ":100").stdout
    assert head == state(1)[:100]


def test_the_base_of_a_base_is_looked_for_too(run: Run) -> None:
    write("old0", "new1", "newer2")
    run("compress", "--base", "old0", "new1")
    run("compress", "--base", "old0", "--base", "new1.cz", "newer2")

    done = run("decompress", "-c", "--base", "new1.cz", "newer2.cz", code=5)

    assert done.stdout == b""
    assert missing(done.stderr, "old0")


def test_a_pipe_ends_with_the_first_block_that_needs_a_base_that_is_missing(run: Run) -> None:
    Path("old").write_bytes(safetensors({"last": tensor(1, 0)}))
    new = safetensors({"first": tensor(0, 0), "last": tensor(1, 1)})
    Path("new").write_bytes(new)
    run("compress", "-T1", "--base", "old", "new")

    archive = Path("new.cz").read_bytes()
    cut = archive[: archive.index(b"\xc5Z\xd2\x1e\x04", archive.index(b"floatdelta"))]
    done = run("decompress", input=cut, code=5)  # not 4: what is behind is not asked for

    assert missing(done.stderr, "old")
    assert len(done.stdout) <= len(new) // 2 + 1000
    assert new.startswith(done.stdout)


def test_extract_gives_the_members_that_can_be_had_each_whole(run: Run, archive: str) -> None:
    done = run("extract", archive, "-C", "out", code=5)

    assert missing(done.stderr, "old0")
    assert {path.name for path in Path("out").iterdir()} == {"a"}


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("words", ["test", "decompress -C o", "extract -C o", "decompress -c"])
def test_an_archive_that_lacks_its_base_is_one_failed_input(
    run: Run, archive: str, words: str, *, piped: bool
) -> None:
    """Once the small member, which needs none, made it 3: some of several."""
    given = {"input": Path(archive).read_bytes()} if piped else {}

    done = run(*words.split(), "-" if piped else archive, code=5, **given)

    assert missing(done.stderr, "old0")


@pytest.mark.parametrize("verb", ["test", "decompress"])
def test_of_several_archives_one_that_lacks_its_base_is_some_of_several(
    run: Run, archive: str, verb: str
) -> None:
    run("compress", "a", "-o", "x.cz")

    run(verb, archive, "x.cz", "-f" * (verb == "decompress") or "-v", code=3)


def test_of_a_member_the_first_blocks_are_looked_at_and_some_of_the_rest(
    run: Run, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(archive).open("rb") as file:
        with pytest.raises(MissingBaseError):
            require_all(file, UnpackOptions(external=NONE_GIVEN))
        monkeypatch.setattr("compressor.engine.needs.FIRST", 1)
        with pytest.raises(MissingBaseError):
            require_all(file, UnpackOptions(external=NONE_GIVEN))
        monkeypatch.setattr("compressor.engine.needs.SPREAD", 0)
        require_all(file, UnpackOptions(external=NONE_GIVEN))


def test_a_look_decodes_nothing(run: Run, archive: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compressor.engine.bases.BlockReader.unpack", None)
    with Path(archive).open("rb") as file, Externals([Path("old0")]) as externals:
        require_all(file, UnpackOptions(external=externals))


@pytest.mark.parametrize("named", [("bad.cz", "old0.cz"), ("old0.cz", "bad.cz")])
def test_of_two_copies_of_a_base_the_sound_one_serves(run: Run, named: tuple[str, str]) -> None:
    write("old0", "new1")
    run("compress", "old0")
    run("compress", "new1", "--base", "old0.cz")
    image = bytearray(Path("old0.cz").read_bytes())
    image[len(image) // 3] ^= 1  # in a block: the index is sound
    Path("bad.cz").write_bytes(image)

    done = run("decompress", "-c", "new1.cz", "--base", named[0], "--base", named[1])

    assert done.stdout == state(1)
    said = run("decompress", "-c", "new1.cz", "--base", "bad.cz", code=4).stderr
    assert b"the base bad.cz is damaged: BLOCK record fails its check" in said


def test_two_copies_of_a_base_that_are_damaged_in_different_places_serve_together(run: Run) -> None:
    write("old0", "new1")
    run("compress", "old0")
    run("compress", "new1", "--base", "old0.cz")
    image = Path("old0.cz").read_bytes()
    for name, at in (("early.cz", len(image) // 4), ("late.cz", 3 * len(image) // 4)):
        damaged = bytearray(image)
        damaged[at] ^= 1
        Path(name).write_bytes(damaged)
        run("decompress", "-c", "new1.cz", "--base", name, code=4)

    done = run("decompress", "-c", "new1.cz", "--base", "early.cz", "--base", "late.cz")

    assert done.stdout == state(1)


@pytest.mark.parametrize(
    ("verb", "rest"),
    [("test", ()), ("cat", ()), ("extract", ("-C", "out")), ("recover", ("-o", "x"))],
)
def test_a_base_whose_index_is_damaged_is_named(run: Run, verb: str, rest: tuple[str, ...]) -> None:
    write("old0", "new1")
    run("compress", "old0")
    run("compress", "new1", "--base", "old0.cz")
    image = bytearray(Path("old0.cz").read_bytes())
    image[image.rindex(b"\xc5Z\xd2\x1e\x06") + 60] ^= 1
    Path("old0.cz").write_bytes(image)

    done = run(verb, "--base", "old0.cz", "new1.cz", *rest, code=3 if verb == "recover" else 4)

    assert b"the base old0.cz is damaged: MEMBERS record fails its check" in done.stderr
