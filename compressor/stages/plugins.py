"""Stages of other packages, by entry point: what they raise that is no error of ours is told as theirs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace

from compressor.errors import CompressorError, PlugInError, UnsupportedError
from compressor.stages.base import BasedCodec, Codec, Filter, StageInfo

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "compressor.stages"

CODING = ("encode", "decode")  # what gives bytes, or several streams of them


def names() -> list[str]:
    """Return the names of the stages that plug-ins bring, in order; none of them is imported."""
    from importlib.metadata import entry_points  # imported late: it takes half of a short run

    return sorted({entry.name for entry in entry_points(group=GROUP)})


def loaded(name: str) -> StageInfo | None:
    """Return the stage of this name that a plug-in brings; None where none does.

    Raises:
        PlugInError: the plug-in can't be imported.
        UnsupportedError: it brings something else.
    """
    from importlib.metadata import entry_points  # imported late, as above

    for entry in entry_points(group=GROUP, name=name):
        plug_in = _PlugIn(_words(entry), name)
        with plug_in.watching():
            info = entry.load()
        if isinstance(info, StageInfo) and info.name == name:
            return plug_in.watched(info)
        raise UnsupportedError(f"plug-in {plug_in.words} does not define a stage named {name!r}")
    return None


def _words(entry: "EntryPoint") -> str:
    """Return what a plug-in is called: its entry point, and the package that has it."""
    package = getattr(entry, "dist", None)
    return f"{entry.value!r} of {package.name} {package.version}" if package else f"{entry.value!r}"


class _PlugIn(Struct, frozen=True):
    """The plug-in that brings a stage."""

    words: str
    stage: str

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Turn errors that are not ours; memory that is short is the whole process's."""
        try:
            yield
        except (CompressorError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise PlugInError(self.words, self.stage, error) from error

    def watched(self, info: StageInfo) -> StageInfo:
        """Return a stage all of whose calls are watched."""
        return replace(
            info,
            make=_Make(self, info.make),
            provider=_Call(self, info.provider),
            notice=_Call(self, info.notice),
            outputs_by=_Call(self, info.outputs_by) if info.outputs_by else None,
        )


class _Call(Struct, frozen=True):
    """A function of a plug-in; two are equal where plug-in and function are, as chains are compared."""

    plug_in: _PlugIn
    call: Callable[..., Any]

    def __call__(self, *args: object, **options: object) -> Any:
        with self.plug_in.watching():
            return self.call(*args, **options)


class _Make(Struct, frozen=True):
    """What makes a plug-in's stage of its options."""

    plug_in: _PlugIn
    make: Callable[..., Codec | BasedCodec | Filter]

    def __call__(self, **options: int | str) -> Codec | BasedCodec | Filter:
        with self.plug_in.watching():
            stage = self.make(**options)
        return cast("Codec | BasedCodec | Filter", _Stage(self.plug_in, stage))


class _Stage:
    """A plug-in's stage; asked for anything, it asks that."""

    def __init__(self, plug_in: _PlugIn, stage: object) -> None:
        self._plug_in = plug_in
        self._stage = stage

    def __getattr__(self, name: str) -> Any:
        with self._plug_in.watching():
            value = getattr(self._stage, name)
        if name in CODING:
            return _Call(self._plug_in, lambda *args: _coded(value(*args)))
        return _Call(self._plug_in, value) if callable(value) else value


def _coded(result: object) -> object:
    """Refuse what is neither bytes nor streams of them."""
    streams = result if isinstance(result, list | tuple) else [result]
    for stream in streams:
        if not isinstance(stream, bytes | bytearray | memoryview):
            raise TypeError(f"it gave {type(stream).__name__} where bytes belong")
    return result
