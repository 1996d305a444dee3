"""Zips: what the standard library writes is found; two truths that differ are refused."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.tensors.view import View
from compressor.tensors.zips import Directory, directory
from tests.tensors.files import zipped

NAMES = st.text("abcdé/.", min_size=1, max_size=9)
END, CENTRAL, LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"


def read(data: bytes) -> Directory:
    return directory(View(lambda start, length: data[start : start + length], len(data)))


def contents(data: bytes) -> dict[str, bytes]:
    found = read(data)
    places = {member.text: (found.locate(member), member.size) for member in found.members.values()}
    return {name: data[start : start + size] for name, (start, size) in places.items()}


@given(
    st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=5), st.binary(max_size=30)
)
def test_stored_members_are_found_where_the_standard_library_puts_them(
    members: dict[str, bytes], comment: bytes
) -> None:
    buffer = io.BytesIO(zipped(members))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = comment

    assert contents(buffer.getvalue()) == members


def test_members_written_to_a_pipe_have_their_sizes_in_the_directory_alone() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr("a", b"some bytes")

    assert contents(pipe.getvalue()) == {"a": b"some bytes"}


def large_zip(*, at_shift: int = 0, count: int = 1) -> bytes:
    """Return a zip64: sizes and places in the larger fields."""
    local = LOCAL + struct.pack("<3H2H3I2H", 45, 0, 0, 0, 0, 0, 3, 3, 1, 0) + b"abcd"
    extra = struct.pack("<2H3Q", 1, 24, 3, 3, 0)
    here = struct.pack("<3H2H2I", 1, 28, 0, 0, 0, 0, 2**32 - 1)
    central = CENTRAL + struct.pack("<6H3I", 45, 45, 0, 0, 0, 0, 0, *[2**32 - 1] * 2) + here
    central += b"a" + extra
    end64 = b"PK\x06\x06" + struct.pack(
        "<Q2H2I4Q", 44, 45, 45, 0, 0, count, count, len(central), len(local)
    )
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(local + central) + at_shift, 1)
    end = END + struct.pack("<4H2IH", 0, 0, *[2**16 - 1] * 2, *[2**32 - 1] * 2, 0)
    return local + central + end64 + locator + end


def test_large_fields_are_read() -> None:
    assert contents(large_zip()) == {"a": b"bcd"}


def changed(data: bytes, mark: bytes, offset: int, layout: str, value: int) -> bytes:
    """Return the zip with one field of its last record of a kind replaced."""
    altered = bytearray(data)
    struct.pack_into(layout, altered, data.rindex(mark) + offset, value)
    return bytes(altered)


SOUND = zipped({"one": b"1" * 20, "two": b"2" * 30})
DIRECTORY = SOUND.index(CENTRAL)
EATEN = bytearray(SOUND)
struct.pack_into("<H", EATEN, DIRECTORY + 32, 30)
LIARS = {
    "nothing but a mark": (LOCAL, "beyond the end"),
    "a comment that eats the next member": (bytes(EATEN), "ends too early"),
    "no end": (SOUND[:-1], "no end"),
    "a comment that is not there": (changed(SOUND, END, 20, "<H", 5), "no end"),
    "something before": (b"#" + SOUND, "not where it should be"),
    "a directory elsewhere": (changed(SOUND, END, 16, "<I", 7), "not where it should be"),
    "a directory too small": (changed(SOUND, END, 12, "<I", 3), "too small"),
    "too many members": (changed(changed(SOUND, END, 8, "<H", 9), END, 10, "<H", 9), "too small"),
    "a member too few": (changed(changed(SOUND, END, 8, "<H", 1), END, 10, "<H", 1), "longer"),
    "two counts": (changed(SOUND, END, 8, "<H", 1), "another file"),
    "another disk": (changed(SOUND, END, 4, "<H", 1), "another file"),
    "a name too long": (changed(SOUND, CENTRAL, 28, "<H", 999), "ends too early"),
    "no mark": (changed(SOUND, CENTRAL, 0, "<I", 0), "ends too early"),
    "a member on another disk": (changed(SOUND, CENTRAL, 34, "<H", 1), "another file"),
    "two sizes": (changed(SOUND, CENTRAL, 20, "<I", 29), "two sizes"),
    "sizes that are missing": (changed(SOUND, CENTRAL, 20, "<I", 2**32 - 1), "missing"),
    "one name twice": (SOUND.replace(b"two", b"one"), "one name"),
    "a longer locator": (large_zip(at_shift=1), "not where it should be"),
    "many members": (large_zip(count=1 << 60), "too large"),
}


@pytest.mark.parametrize("name", LIARS)
def test_a_directory_that_lies_is_refused(name: str) -> None:
    data, rule = LIARS[name]

    with pytest.raises(DamagedError, match=rule):
        read(data)


def test_ends_that_differ_are_refused() -> None:
    with pytest.raises(DamagedError, match="two ends differ"):
        read(changed(large_zip(), END, 8, "<H", 7))


MEMBERS = {
    "another name": changed(SOUND, LOCAL, 30, "<H", 0),
    "another length of the name": changed(SOUND, LOCAL, 26, "<H", 2),
    "another method": changed(SOUND, LOCAL, 8, "<H", 8),
    "encrypted": changed(SOUND, LOCAL, 6, "<H", 1),
    "no mark": changed(SOUND, LOCAL, 0, "<I", 0),
    "beyond the directory": changed(SOUND, LOCAL, 28, "<H", 1),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_whose_own_header_differs_is_refused(name: str) -> None:
    found = read(MEMBERS[name])

    with pytest.raises(DamagedError, match="not what the directory says"):
        found.locate(found.members[b"two"])


def test_a_member_beyond_the_end_is_refused() -> None:
    found = read(changed(SOUND, CENTRAL, 42, "<I", 2**31))

    with pytest.raises(DamagedError, match="beyond the end"):
        found.locate(found.members[b"two"])


@pytest.mark.parametrize(("offset", "value"), [(10, 8), (8, 1)], ids=["packed", "encrypted"])
def test_what_is_packed_or_encrypted_is_passed_over(offset: int, value: int) -> None:
    assert set(read(changed(SOUND, CENTRAL, offset, "<H", value)).members) == {b"one"}
