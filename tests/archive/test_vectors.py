"""Every archive among the vectors: read, or refused for the right reason, by both readers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from compressor.errors import UnsupportedError
from compressor.stages import chain as chains
from tests.archive import reading
from tests.archive.sound import SOUND
from tests.vectors import make_archives

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests/vectors/archive"
SPEC = (ROOT / "docs/format/archive.md").read_text()
INDEX: dict[str, dict[str, Any]] = json.loads((FOLDER / "index.json").read_text())
GOOD = [name for name in INDEX if name.startswith("good-")]
REFUSED = [name for name in INDEX if not name.startswith("good-")]
NUMBERED = re.compile(r"^\| (F-\d{3}) \| .* \| ([a-z ]+) \| (forward|seek) \|$", re.MULTILINE)
TOO_LARGE = {"F-053": "80 KB of BASE records: see test_differences.py"}
CHECKS = {number: (kind, who) for number, kind, who in NUMBERED.findall(SPEC)}


def digests(contents: reading.Contents) -> list[tuple[str, int, str]]:
    return [(name.decode("latin-1"), len(c), blake3(c).hexdigest()) for name, c in contents]


def expected(name: str) -> list[tuple[str, int, str]]:
    return [(m["name"], m["size"], m["blake3"]) for m in INDEX[name]["members"]]


def bases(name: str) -> list[bytes]:
    return [bytes.fromhex(content) for content in INDEX[name].get("bases", ())]


def skip_where_missing(name: str) -> None:
    if name.startswith("good-codec-"):
        try:
            chains.parse(name.removeprefix("good-codec-").removesuffix(".cz"))
        except UnsupportedError as error:
            pytest.skip(str(error))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_archive_reads_from_a_pipe(name: str) -> None:
    skip_where_missing(name)

    contents, errors = reading.forward((FOLDER / name).read_bytes(), bases=bases(name))

    assert errors == []
    assert digests(contents) == expected(name)


@pytest.mark.parametrize("name", [name for name in GOOD if "concatenated" not in name])
def test_a_good_archive_reads_forward_from_a_file_without_keeping_blocks(name: str) -> None:
    skip_where_missing(name)

    data = (FOLDER / name).read_bytes()
    contents, errors = reading.forward(data, seeks=True, bases=bases(name))

    assert errors == []
    assert digests(contents) == expected(name)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_archive_reads_by_its_index(name: str) -> None:
    skip_where_missing(name)

    contents = reading.seekable((FOLDER / name).read_bytes(), bases(name))

    assert digests(contents) == expected(name)


@pytest.mark.parametrize("name", REFUSED)
def test_the_forward_reader_refuses_for_the_right_reason(name: str) -> None:
    _, errors = reading.forward((FOLDER / name).read_bytes())

    assert reading.class_of(errors[0]) == INDEX[name]["forward"]


@pytest.mark.parametrize("name", REFUSED)
def test_the_seekable_reader_refuses_what_it_meets_for_the_right_reason(name: str) -> None:
    assert reading.refusal((FOLDER / name).read_bytes()) == INDEX[name]["seekable"]


@pytest.mark.parametrize("name", REFUSED)
def test_the_reader_of_a_file_refuses_for_the_same_reason_as_that_of_a_pipe(name: str) -> None:
    """But for what asks for memory that only a pipe takes."""
    _, errors = reading.forward((FOLDER / name).read_bytes(), seeks=True)

    if "F-022-reach" in name:
        assert errors == []
    else:
        assert reading.class_of(errors[0]) == INDEX[name]["forward"]


def test_every_numbered_check_has_a_file_and_every_file_a_numbered_check() -> None:
    numbers = {match[0] for name in REFUSED if (match := re.search(r"F-\d{3}", name))}

    assert numbers | TOO_LARGE.keys() == set(CHECKS)
    assert numbers.isdisjoint(TOO_LARGE)
    assert all(re.match(r"(bad|unsupported)-F-\d{3}-", name) for name in REFUSED)


def test_the_classes_of_the_files_are_those_of_the_table() -> None:
    for name in REFUSED:
        kind, _ = CHECKS[re.search(r"F-\d{3}", name)[0]]
        # Another class where the same break shows as something else first: in front, or behind.
        allowed = {kind, "damaged", "unfinished"} if kind != "unsupported" else {kind}
        assert INDEX[name]["forward"] in allowed


def test_every_numbered_check_is_cited_in_the_code() -> None:
    code = "".join(
        path.read_text()
        for path in (ROOT / "compressor").rglob("*.py")
        if "stages" not in str(path)
    )
    cited = set(re.findall(r"F-\d{3}", code))
    for first, last in re.findall(r"F-(\d{3}) to F-(\d{3})", code):
        cited |= {f"F-{number:03}" for number in range(int(first), int(last))}

    assert cited == set(CHECKS)


def test_the_folder_holds_what_the_index_names_and_stays_small() -> None:
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.cz")}

    assert sizes.keys() == INDEX.keys()
    assert max(sizes.values()) < 4096
    assert sum(sizes.values()) < 300_000


def test_making_the_archives_again_gives_the_same_bytes() -> None:
    files, index = make_archives.make(INDEX)

    assert index == INDEX
    assert [name for name, data in files.items() if (FOLDER / name).read_bytes() != data] == []


def test_a_vector_that_would_change_is_left_alone(tmp_path: Path) -> None:
    victim = tmp_path / "good-no-members.cz"
    victim.write_bytes(b"precious")

    blocked = make_archives.write(tmp_path, force=False)

    assert blocked == ["good-no-members.cz"]
    assert victim.read_bytes() == b"precious"
    assert make_archives.write(tmp_path, force=True) == []
    assert victim.read_bytes() != b"precious"


def test_every_codec_of_the_table_has_an_archive() -> None:
    assert {f"{name}.cz" for name in SOUND if name.startswith("good-codec-")} <= set(INDEX)
