"""What Python programs call: tensors by name, out of archives and out of plain files."""

from types import TracebackType
from typing import Any, Self

from compressor.api.arrays import elements, framework_of, load, part, refuse
from compressor.engine.externals import Paths, paths_of
from compressor.engine.limits import STREAMING, Limits, limits_or
from compressor.engine.tensorfile import Choice, Path, TensorFile
from compressor.tensors.segments import Tensor
from compressor.tensors.selection import Indices, select

__all__ = ["TensorSlice", "load_file", "safe_open"]


class safe_open:  # noqa: N801  the name that safetensors' users know
    """The tensors of a file, or of a member of an archive, by name, in the shape of safetensors' class.

    Threads may share it; processes, too: it goes on after a fork, and a pickle of it opens its path
    again. ``framework`` is "np" or "pt"; ``device`` is torch's. ``member`` is the name of the one that
    holds the tensors, which is needed where several do; ``at`` the number of a version, by default
    the last. ``threads`` 0 stands for all processors. ``limits`` has no ``max_output`` by default.
    ``base`` names files, or archives, that hold what tensors are differences from outside of the archive.

    Raises:
        UsageError: several members hold tensors; or a keyword that does not fit.
        MemberNotFoundError, VersionNotFoundError: there is no such member, or version.
        UnsupportedError: nothing is seen of tensors; numpy or torch is missing.
        NotAnArchiveError, DamagedError: it is no archive and no file of tensors, or damaged.
    """

    def __init__(  # noqa: PLR0913  each is an option of its own, by keyword
        self,
        filename: Path,
        framework: str,
        device: Any = "cpu",
        *,
        member: str | None = None,
        at: int | None = None,
        threads: int = 0,
        limits: Limits | None = None,
        base: Paths = (),
    ) -> None:
        self._framework = framework, device
        self._arrays = framework_of(framework, device)
        files = tuple(str(path.absolute()) for path in paths_of(base))
        choice = Choice(member, at, threads, limits_or(limits, STREAMING), files)
        self._file = TensorFile(filename, choice)

    def __getstate__(self) -> tuple[tuple[str, Any], TensorFile]:
        return self._framework, self._file

    def __setstate__(self, state: tuple[tuple[str, Any], TensorFile]) -> None:
        self._framework, self._file = state
        self._arrays = framework_of(*self._framework)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()

    def keys(self) -> list[str]:
        """Return the names of the tensors, sorted."""
        return list(self._file.tensors)

    def offset_keys(self) -> list[str]:
        """Return the names in the order of the tensors' bytes: the quickest to read them in."""
        found = sorted(self._file.tensors.values(), key=lambda one: (one.start, one.size))
        return [one.name for one in found]

    def metadata(self) -> dict[str, str] | None:
        """Return what the file says beside its tensors, as text, or None if it says nothing."""
        return dict(self._file.metadata) or None

    def get_tensor(self, name: str) -> Any:
        """Return a tensor as an array of its own; the blocks that it lies in are read.

        Raises:
            MemberNotFoundError: there is none of this name (a KeyError, too).
            UnsupportedError: the framework has no such type, or a package is missing.
            DamagedError: a block is damaged; ``member`` and ``tensor`` say where.
        """
        return load(self._file, self._arrays, [name])[name]

    def get_tensors(self) -> dict[str, Any]:
        """Return all tensors by name, in the order of their bytes, each block decoded once.

        Raises as ``get_tensor`` does.
        """
        return load(self._file, self._arrays, self.offset_keys())

    def get_slice(self, name: str) -> "TensorSlice":
        """Return a tensor of which an index in brackets reads a part.

        Raises:
            MemberNotFoundError: there is none of this name.
        """
        return TensorSlice(self, self._file.tensor(name))


class TensorSlice:
    """A tensor that is read when it is indexed: by whole numbers, slices that go forward, ``...``."""

    def __init__(self, opened: safe_open, tensor: Tensor) -> None:
        self._opened = opened
        self._tensor = tensor

    def get_shape(self) -> list[int]:
        """Return its dimensions."""
        return list(self._tensor.shape)

    def get_dtype(self) -> str:
        """Return its type by safetensors' name."""
        return self._tensor.dtype

    def __getitem__(self, index: Indices) -> Any:
        """Return a part as an array of its own, as numpy's basic indexing gives it.

        Raises:
            IndexError: the index does not fit, or is of another kind.
            UnsupportedError, DamagedError: as ``get_tensor``.
        """
        opened = self._opened
        refuse(opened._arrays, self._tensor)  # noqa: SLF001
        selection = select(elements(self._tensor), index)
        return part(opened._file, opened._arrays, self._tensor, selection)  # noqa: SLF001


def load_file(  # noqa: PLR0913  each is an option of its own, by keyword
    filename: Path,
    framework: str,
    device: Any = "cpu",
    *,
    member: str | None = None,
    at: int | None = None,
    threads: int = 0,
    limits: Limits | None = None,
    base: Paths = (),
) -> dict[str, Any]:
    """Return all tensors by name; arguments and errors are those of ``safe_open``."""
    opened = safe_open(
        filename, framework, device, member=member, at=at, threads=threads, limits=limits, base=base
    )
    with opened as file:
        return file.get_tensors()
