"""What programs ask for is honoured or refused, by an error that names the keyword."""

import copy
import io
import pickle  # noqa: TID251  what process pools do
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compressor
from tests.api.build import archive_of

PACKED = compressor.compress(b"content", name="a")
SEVERAL = archive_of([(b"a", b"alpha"), (b"b", b"beta")])


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("a")


def opened(**options: Any) -> compressor.Archive:
    return compressor.Archive(io.BytesIO(SEVERAL), **options)


# Limits


@pytest.mark.parametrize(
    "limits",
    [
        {"max_expansion": float("nan")},
        {"max_expansion": -0.5},
        {"max_output": -1},
        {"memory": -1},
    ],
)
def test_a_limit_that_limits_nothing_or_all_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(compressor.UsageError, match=next(iter(limits))):
        compressor.Limits(**limits)


@pytest.mark.parametrize(
    "limits",
    [{"max_expansion": "2"}, {"max_output": 1.5}, {"max_output": True}, {"memory": None}],
)
def test_a_limit_of_a_wrong_type_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"{next(iter(limits))} is a"):
        compressor.Limits(**limits)


def test_a_limit_of_nothing_permits_nothing() -> None:
    limits = compressor.Limits(max_output=0, max_expansion=float("inf"))

    assert compressor.decompress(compressor.compress(b""), limits=limits) == b""
    with pytest.raises(compressor.LimitError):
        compressor.decompress(PACKED, limits=limits)


@pytest.mark.parametrize(
    "call",
    [
        lambda: compressor.decompress(PACKED, limits=3),  # type: ignore[arg-type]
        lambda: compressor.open(io.BytesIO(PACKED), limits=3),  # type: ignore[call-overload]
        lambda: opened(limits=3),
        lambda: compressor.safe_open("a", "np", limits=3),  # type: ignore[arg-type]
    ],
)
def test_limits_are_limits(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"^limits is a compressor\.Limits, not int$"):
        call()


# Numbers and words

WRONG: list[tuple[Callable[..., object], dict[str, Any], type[Exception], str]] = [
    (compressor.compress, {"block_size": 1}, ValueError, "block_size is at least 4096"),
    (compressor.compress, {"block_size": 1 << 40}, ValueError, "block_size is at most 10737418"),
    (compressor.compress, {"block_size": 10**5000}, ValueError, "block_size is at most 10737418"),
    (compressor.compress, {"block_size": "1M"}, TypeError, "block_size is an int, not str"),
    (compressor.compress, {"memory": "1G"}, TypeError, "memory is an int, not str"),
    (compressor.compress, {"memory": "1G", "format": "gz"}, TypeError, "memory is an int, not str"),
    (compressor.compress, {"threads": "2"}, TypeError, "threads is an int, not str"),
    (compressor.compress, {"name": 3}, TypeError, "expected str"),
    (compressor.pack, {"block_size": 4095}, ValueError, "block_size is at least 4096"),
    (compressor.pack, {"memory": "1G"}, TypeError, "memory is an int, not str"),
    (compressor.pack, {"solid_size": 0}, ValueError, "solid_size is at least 1"),
    (compressor.pack, {"solid_size": 1.0}, TypeError, "solid_size is an int, not float"),
    (compressor.pack, {"reach": -1}, ValueError, "reach is at least 0"),
    (compressor.pack, {"exclude": 3}, TypeError, "exclude is a str, or several, not int"),
    (compressor.pack, {"exclude": [3]}, TypeError, "exclude is a str, or several, not int"),
    (compressor.pack, {"exclude": b"*"}, TypeError, "exclude is a str, or several, not bytes"),
    (compressor.append, {"solid_size": -1}, ValueError, "solid_size is at least 1"),
    (compressor.append, {"exclude": 3}, TypeError, "exclude is a str, or several, not int"),
    (compressor.prune, {"memory": "1G"}, TypeError, "memory is an int, not str"),
]


@pytest.mark.parametrize(("call", "options", "kind", "said"), WRONG)
def test_a_wrong_keyword_is_refused(
    call: Callable[..., object], options: dict[str, Any], kind: type[Exception], said: str
) -> None:
    Path("old.cz").write_bytes(PACKED)
    given: dict[Callable[..., object], tuple[object, ...]] = {
        compressor.compress: (b"x",),
        compressor.pack: ("a", "new.cz"),
        compressor.append: ("old.cz", "a"),
        compressor.prune: ("old.cz", 1),
    }

    with pytest.raises(kind, match=said):
        call(*given[call], **options)

    assert not Path("new.cz").exists()
    assert Path("old.cz").read_bytes() == PACKED


@pytest.mark.parametrize("block_size", [4096, np.int64(4096)])
def test_the_least_block_is_that_of_the_command_line(block_size: int) -> None:
    packed = compressor.compress(bytes(5000), block_size=block_size)

    assert compressor.decompress(packed) == bytes(5000)


@pytest.mark.parametrize("number", ["2", 2.0, True])
def test_a_version_is_a_whole_number(number: Any) -> None:
    with pytest.raises(TypeError, match=f"^at is an int, not {type(number).__name__}$"):
        opened(at=number)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"strip_components": -1}, ValueError),
        ({"strip_components": "1"}, TypeError),
        ({"exclude": 3}, TypeError),
        ({"patterns": 3}, TypeError),
    ],
)
def test_extract_refuses_wrong_keywords(options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind, match=next(iter(options))):
        opened().extract("out", **options)

    assert not Path("out").exists()


# Names


@pytest.mark.parametrize("name", ["/etc/x", "a/../b", "..", "a/", "./a", "a//b", "a\0b"])
def test_a_name_that_extraction_refuses_is_refused(name: str) -> None:
    with pytest.raises(compressor.UsageError, match="name is a path below a folder"):
        compressor.compress(b"x", name=name)
    with pytest.raises(compressor.UsageError, match="name is a path below a folder"):
        compressor.open("new.cz", "wb", name=name)

    assert not Path("new.cz").exists()


# Bytes


@pytest.mark.parametrize("data", [None, "", 0, np.ones((3, 4)).T])
def test_what_holds_no_bytes_is_not_read(data: Any) -> None:
    with pytest.raises(TypeError, match="C-contiguous bytes are needed"):
        compressor.decompress(data)


@pytest.mark.parametrize(
    "data",
    [
        np.ones((3, 4)).T,
        np.ones((3, 4), order="F"),
        np.arange(9)[::2],
        np.zeros(3, "datetime64[s]"),
        np.array([object()]),
        "text",
        None,
    ],
)
def test_what_holds_no_bytes_in_a_row_is_not_packed(data: Any) -> None:
    with pytest.raises(TypeError, match="C-contiguous bytes are needed"):
        compressor.compress(data)
    with (
        compressor.open("new.cz", "wb") as file,
        pytest.raises(TypeError, match="C-contiguous bytes are needed"),
    ):
        file.write(data)


# What is open, and for whom

USES: list[Callable[[compressor.Archive], object]] = [
    iter,
    len,
    compressor.Archive.names,
    lambda archive: "a" in archive,
    lambda archive: 3 in archive,
    lambda archive: archive["\ud800"],
    lambda archive: archive["a"],
    lambda archive: archive.open("a"),
    lambda archive: archive.read("a"),
    lambda archive: archive.extract("out"),
    compressor.Archive.versions,
    compressor.Archive.test,
    compressor.Archive.__enter__,
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("owned", [False, True])
def test_a_closed_archive_says_so(
    use: Callable[[compressor.Archive], object], *, owned: bool
) -> None:
    Path("two.cz").write_bytes(SEVERAL)
    archive = compressor.Archive("two.cz" if owned else io.BytesIO(SEVERAL))
    archive.close()

    with pytest.raises(ValueError, match=r"^the archive is closed$"):
        use(archive)

    archive.close()  # as often as one likes


def test_a_member_of_a_closed_archive_is_not_read() -> None:
    with opened() as archive:
        member = archive["a"]

    with pytest.raises(ValueError, match=r"^the archive is closed$"):
        archive.read(member)


def test_a_member_says_what_to_send_in_its_place() -> None:
    member = opened()["a"]

    with pytest.raises(TypeError, match="cannot pickle 'Member' object: send the archive's path"):
        pickle.dumps(member)
    assert copy.copy(member) is member
