"""The library reads every golden archive, and none of the bad ones passes as good."""

import io
import re
from contextlib import suppress
from pathlib import Path

import pytest
from blake3 import blake3

import compressor
from tests.archive import reading

FOLDER = Path(__file__).parents[1] / "vectors/archive"
LIMITS = compressor.Limits(memory=4 << 30)


def archives(kind: str) -> list[Path]:
    return sorted(FOLDER.glob(f"{kind}-*.cz"))


def through_archive(packed: bytes) -> bytes:
    with compressor.Archive(io.BytesIO(packed), limits=LIMITS) as archive:
        archive.test()
        parts = [archive.read(member) for member in archive]
        for member, part in zip(archive, parts, strict=True):
            assert archive.open(member).read() == part
    return b"".join(parts)


VERSIONS = ("good-appended", "good-folder", "good-difference-appended")
OTHER = [path for path in archives("good") if path.stem.startswith(VERSIONS)]
OUTSIDE = FOLDER / "good-difference-outside.cz"
NO_FILES = {b"d/other name", b"link", b"s"}
STREAMS = [path for path in archives("good") if path not in (*OTHER, OUTSIDE)]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_golden_archive_is_read_in_the_same_way_by_all(path: Path) -> None:
    packed = path.read_bytes()

    plain = compressor.decompress(packed, limits=LIMITS)

    assert through_archive(packed) == plain
    with suppress(compressor.UsageError):  # it has several members
        assert compressor.open(io.BytesIO(packed), limits=LIMITS).read() == plain


@pytest.mark.parametrize("path", OTHER, ids=lambda path: path.stem)
def test_the_files_of_folders_and_versions_are_read_by_name(path: Path) -> None:
    contents, _ = reading.forward(path.read_bytes())

    with compressor.Archive(path, limits=LIMITS) as archive:
        files = {member.name.encode() for member in archive} & {name for name, c in contents if c}
        found = {name: archive.read(name.decode()) for name in files if name not in NO_FILES}

    assert found == {name: c for name, c in contents if c and name not in NO_FILES}


def test_an_archive_of_differences_from_elsewhere_is_refused_and_tells_from_what() -> None:
    (said,) = re.findall(r'"bases": \[\s*"(.*)"', (FOLDER / "index.json").read_text())
    digest = blake3(bytes.fromhex(said)).hexdigest()

    for read in (compressor.decompress, through_archive):
        with pytest.raises(compressor.UnsupportedError, match=f"models/base.*{digest}"):
            read(OUTSIDE.read_bytes())


@pytest.mark.parametrize("path", archives("bad") + archives("unsupported"), ids=lambda p: p.stem)
def test_a_bad_archive_is_refused_by_all(path: Path) -> None:
    packed = path.read_bytes()
    limits = compressor.Limits(max_output=1 << 30, memory=256 << 20)

    with pytest.raises(compressor.CompressorError):
        compressor.decompress(packed, limits=limits)
    with pytest.raises(compressor.CompressorError):
        compressor.Archive(io.BytesIO(packed), limits=limits).test()
