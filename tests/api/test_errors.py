"""Errors: what is caught, and what goes from one process to another."""

import copy
import inspect
import pickle  # noqa: TID251  what process pools do
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import compressor
from compressor.errors import CompressorError, DamagedError
from tests.api.build import archive_of

TEXTS = (
    "what",
    "option",
    "found",
    "path",
    "name",
    "content_hash",
    "stage",
    "plug_in",
    "text",
    "why",
)
GIVEN: dict[str, Any] = {
    **dict.fromkeys(TEXTS, "words"),
    **dict.fromkeys(("column", "offset", "needed", "allowed", "mtime_ns"), 1 << 21),
    "member": "run/a",
    "reason": DamagedError("flipped", offset=7, member="m"),
    "error": RuntimeError("its own"),
}
"""What errors are made of, by the names of their parameters."""


def below(kind: type[CompressorError]) -> Iterator[type[CompressorError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from below(one)


def all_kinds() -> list[type[CompressorError]]:
    for module in pkgutil.walk_packages(compressor.__path__, "compressor."):
        if not module.name.endswith(("__main__", "torch", "torcharrays")):
            import_module(module.name)
    found = set(below(CompressorError))
    return sorted((one for one in found if one.__module__.startswith("compressor")), key=str)


def made(kind: type[CompressorError]) -> CompressorError:
    parameters = inspect.signature(kind).parameters.values()
    given: dict[str, Any] = {
        one.name: b"n" if one.annotation is bytes else GIVEN[one.name] for one in parameters
    }
    error = kind(**given)
    error.add_note("said later")
    return error


def told(error: BaseException) -> object:
    """Return all that one can know of an error."""
    fields = {
        key: told(value) if isinstance(value, BaseException) else value
        for key, value in vars(error).items()
    }
    shell = error.at_shell() if isinstance(error, CompressorError) else ""
    return type(error), str(error), repr(error), error.args, fields, shell


def pickled(error: CompressorError) -> object:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("again", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.__name__)
def test_an_error_outlives_a_pickle(
    kind: type[CompressorError], again: Callable[[CompressorError], BaseException]
) -> None:
    error = made(kind)

    assert told(again(error)) == told(error)


def test_what_exists_is_a_file_that_exists(tmp_path: Path) -> None:
    there = tmp_path / "there.cz"
    there.write_text("mine")

    with pytest.raises(
        FileExistsError, match=r"there\.cz exists; force=True overwrites it$"
    ) as caught:
        compressor.pack(tmp_path, there)

    assert isinstance(caught.value, compressor.OutputExistsError)
    assert (caught.value.errno, caught.value.filename) == (17, str(there))


def test_a_file_that_exists_is_told_as_such_by_extract(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    (tmp_path / "a.cz").write_bytes(archive_of([(b"a", b"theirs")]))

    with (
        compressor.Archive(tmp_path / "a.cz") as archive,
        pytest.raises(compressor.OutputExistsError, match="a exists; force=True"),
    ):
        archive.extract(tmp_path)

    assert (tmp_path / "a").read_text() == "mine"


def test_several_members_are_no_one_content(tmp_path: Path) -> None:
    (tmp_path / "two.cz").write_bytes(archive_of([(b"a", b""), (b"b", b"")]))

    with pytest.raises(compressor.SeveralMembersError, match=r"use compressor\.Archive"):
        compressor.open(tmp_path / "two.cz")


def test_a_name_that_climbs_is_unsafe(tmp_path: Path) -> None:
    (tmp_path / "evil.cz").write_bytes(archive_of([(b"../a", b"")]))

    with (
        compressor.Archive(tmp_path / "evil.cz") as archive,
        pytest.raises(compressor.UnsafeNameError, match="would leave the folder"),
    ):
        archive.extract(tmp_path / "out")
