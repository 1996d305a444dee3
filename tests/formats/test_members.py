"""Damaged tar and zip files: whatever is turned or cut, it is told or harmless."""

import io
import random
import tarfile
import zipfile
from typing import BinaryIO, cast

import pytest

from compressor.engine.convert import members_of
from compressor.engine.reading import UnpackOptions
from compressor.errors import CompressorError, DamagedError
from compressor.formats import tar
from tests.formats.samples import TEXT

CONTENT = TEXT[:3000]


def tarred(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for number, name in enumerate(("a", "long" * 60, "z\u00e9")):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(CONTENT), number + 0.5
            if form == tarfile.PAX_FORMAT:
                info.pax_headers = {"SCHILY.xattr.user.x": "value", "comment": "c"}
            archive.addfile(info, io.BytesIO(CONTENT))
    return out.getvalue()


def zipped(_form: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a", "b/c", "d/"):
            archive.writestr(name, b"" if name == "d/" else CONTENT)
    return out.getvalue()


def contents(data: bytes) -> list[tuple[bytes, bytes]]:
    file = cast("BinaryIO", io.BytesIO(data))
    found = []
    for member in members_of(file, UnpackOptions(), seekable=True):
        parts = []
        while part := member.take(1000):
            parts.append(part)
        found.append((member.name, b"".join(parts)))
    return found


@pytest.mark.parametrize(
    "whole",
    [tarred(tarfile.PAX_FORMAT), tarred(tarfile.GNU_FORMAT), zipped(0)],
    ids=["pax", "gnu", "zip"],
)
def test_a_turned_bit_or_an_early_end_is_an_error_of_ours_or_harmless(whole: bytes) -> None:
    chosen = random.Random(9)
    assert len(contents(whole)) == 3
    told = 0
    for number in range(250):
        damaged = bytearray(whole)
        damaged[chosen.randrange(len(whole))] ^= 1 << chosen.randrange(8)
        if number % 3 == 0:
            del damaged[chosen.randrange(len(whole)) :]
        try:
            contents(bytes(damaged))
        except CompressorError:
            told += 1
    assert told > 40


def test_a_header_that_fails_its_sum_is_damage_wherever_it_stands() -> None:
    whole = bytearray(tarred(tarfile.GNU_FORMAT))
    at = whole.index(b"ustar", 600) - 257

    whole[at + 110] ^= 1

    with pytest.raises(DamagedError, match="bad checksum"):
        contents(bytes(whole))


def test_a_name_of_impossible_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar, "MAX_HEADER", 100)

    with pytest.raises(DamagedError, match="impossible size"):
        contents(tarred(tarfile.GNU_FORMAT))
    with pytest.raises(DamagedError, match="impossible size"):
        contents(tarred(tarfile.PAX_FORMAT))


def test_zip_members_that_are_encrypted_are_named() -> None:
    data = bytearray(zipped(0))
    data[data.index(b"PK\1\2") + 8] |= 1

    with pytest.raises(CompressorError, match="'a' is encrypted"):
        contents(bytes(data))
