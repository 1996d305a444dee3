"""Every error a caller may catch, as one tree; ``exit_code`` is what the shell sees.

* CompressorError              1
  * UsageError                 2   a request that cannot be honoured (also a ValueError)
    * ChainError                   a chain's text is wrong, at ``column``
    * SeveralMembersError          one content was asked for, and the archive holds several members
  * NotAnArchiveError          1   the input is something else; ``found`` says what, if known
  * MemberNotFoundError        1   no member of that name (also a KeyError)
    * VersionNotFoundError         no version of that number
  * OutputRefusedError         1   what is where the output goes must stay: an input, a folder, a device
    * OutputExistsError            ... a file, and ``force`` was not given (also a FileExistsError)
  * UnsafeNameError            1   a recorded name would leave the target folder, or passes through a link
  * DamagedError               4   the bytes break their format or their check
    * TruncatedError               the bytes end too early (also an EOFError)
    * UnfinishedError          3   the last version lacks its end, yet can be read with ``salvage``
                                   (also an EOFError)
    * DamagedBaseError             the file that a difference is from is damaged; ``path`` is which
  * LimitError                 4   a limit of the caller would be exceeded
    * MemoryBudgetError            ... namely ``--memory``; carries ``needed`` and ``allowed``
  * UnsupportedError           5   the archive or the request needs something that is missing here
    * MissingBaseError             ... namely the file that a difference is from
    * UnknownStageError            ... namely a stage that no one here knows; ``stage`` is its name
    * PlugInError                  a stage that another package brings fails by an error of its own
"""

import copyreg
from errno import EEXIST
from pathlib import Path

SHORT = {"force": "-f"}
"""Options that are known by one letter."""


def in_a_line(error: BaseException) -> str:
    """Return of what type an error of another package is, and the first line of what it says."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


class CompressorError(Exception):
    """Base of all errors raised on purpose.

    ``option`` is the keyword that the message names last, if it names one, alone or as in ``force=True`` or
    ``codec="lz4"``: the command line, which has an option of that name, says that instead.
    """

    exit_code = 1
    option = ""

    def __init__(self, what: str = "", option: str = "") -> None:
        super().__init__(what)
        self.option = option or self.option

    def __reduce__(self) -> tuple[object, ...]:
        """Have a pickle, or a copy, made as this one is, whatever ``__init__`` takes."""
        state = {**self.__dict__, "args": self.args}
        return copyreg.__newobj__, (type(self),), state  # type: ignore[attr-defined]

    def at_shell(self) -> str:
        """Return the message, with the option of the command line in place of the keyword."""
        before, keyword, after = str(self).rpartition(self.option or "\0")
        if not keyword:
            return after
        typed = SHORT.get(keyword, f"--{keyword.replace('_', '-')}")
        if after.startswith('="'):
            value, _, after = after[2:].partition('"')
            typed += f" {value}"
        return before + typed + after.removeprefix("=True")


class UsageError(CompressorError, ValueError):
    """A request that cannot be honoured as it stands."""

    exit_code = 2


class ChainError(UsageError):
    """A chain's text is wrong at ``column`` (characters, from 0)."""

    def __init__(self, what: str, text: str, column: int) -> None:
        shown = "".join(char if char.isprintable() else "?" for char in text)  # keeps the columns
        super().__init__(f"{what}\n  {shown}\n  {' ' * column}^")
        self.column = column


class SeveralMembersError(UsageError):
    """The archive holds several members, and one content was asked for."""

    def __init__(self) -> None:
        super().__init__("the archive holds several members: use compressor.Archive to choose")


class NotAnArchiveError(CompressorError):
    """The input is not an archive; ``found`` names the format it looks like, or is None."""

    def __init__(self, found: str | None = None) -> None:
        super().__init__(f"not a .cz archive: this is {found or 'some other kind of file'}")
        self.found = found


class MemberNotFoundError(CompressorError, KeyError):
    """The archive has no member of this name."""

    def __str__(self) -> str:
        """Return the message bare; KeyError would quote it."""
        return str(self.args[0])


class VersionNotFoundError(MemberNotFoundError):
    """The archive has no version of this number."""


class OutputRefusedError(CompressorError):
    """What is there must stay; the message names it."""


class OutputExistsError(OutputRefusedError, FileExistsError):
    """The output, ``filename``, exists (since ``mtime_ns``), and ``force`` was not given."""

    option = "force"
    errno = EEXIST
    filename = ""

    def __init__(self, path: Path | str, mtime_ns: int = 0) -> None:
        super().__init__(f"{path} exists; force=True overwrites it")
        self.filename = str(path)
        self.mtime_ns = mtime_ns


class UnsafeNameError(CompressorError):
    """A recorded name would leave the target folder, or passes through a link."""


class DamagedError(CompressorError):
    """The bytes break their format or their check.

    ``offset`` is a position in the archive (bytes), ``member`` and ``tensor`` are names; each is
    None where it is not known.
    """

    exit_code = 4
    tensor: str | None = None

    def __init__(self, what: str, *, offset: int | None = None, member: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.offset = offset
        self.member = member

    def __str__(self) -> str:
        """Return what and where, in one line."""
        where = f" at byte {self.offset}" if self.offset is not None else ""
        names = {"member": self.member, "tensor": self.tensor}
        inside = ", ".join(f"{kind} {name!r}" for kind, name in names.items() if name)
        return f"{self.what}{where}" + (f" ({inside})" if inside else "")


class TruncatedError(DamagedError, EOFError):
    """The bytes end too early."""


class UnfinishedError(DamagedError, EOFError):
    """The last version was not finished; what is whole can be read with ``salvage``."""

    exit_code = 3


class DamagedBaseError(DamagedError):
    """A file that blocks are differences from, or were to be, is damaged; ``path`` is which.

    ``reason`` is its own damage: ``offset`` and ``member`` are those of the archive that is read.
    """

    def __init__(self, path: str, reason: DamagedError) -> None:
        super().__init__(f"the base {path} is damaged: {reason}")
        self.path = path
        self.reason = reason


class LimitError(CompressorError):
    """A limit set by the caller would be exceeded; ``option`` is which, where one can be raised."""

    exit_code = 4


class MemoryBudgetError(LimitError):
    """The memory budget is too small; ``needed`` and ``allowed`` are bytes."""

    def __init__(self, what: str, needed: int, allowed: int) -> None:
        most = f"{allowed >> 20} MiB" if allowed >> 20 else f"{allowed} bytes"
        need = f"{-(-needed >> 20)} MiB of memory"
        super().__init__(f"{what} needs {need}, {most} are allowed (memory)", "memory")
        self.what = what
        self.needed = needed
        self.allowed = allowed


class UnsupportedError(CompressorError):
    """Something needed is missing here; the message names it and says how to get it."""

    exit_code = 5


class MissingBaseError(UnsupportedError):
    """A file that blocks are differences from is missing, or is not what it was.

    ``name`` is what it was called, ``content_hash`` the BLAKE3 of its content in hexadecimal digits.
    """

    option = "base"

    def __init__(self, name: str, content_hash: str) -> None:
        super().__init__(
            f"this needs {name!r} as it was when it was packed (BLAKE3 {content_hash}): "
            "name the file, or an archive that holds it, with base"
        )
        self.name = name
        self.content_hash = content_hash


class UnknownStageError(UnsupportedError):
    """A chain names a ``stage`` that neither this release nor a plug-in has, at ``column`` of its text."""

    def __init__(self, stage: str, column: int) -> None:
        super().__init__(
            f"stage {stage!r} is unknown to this release; install the plug-in that brings it, "
            "or a newer release (`compressor codecs` lists what is here)"
        )
        self.stage = stage
        self.column = column


class PlugInError(UnsupportedError):
    """A stage of another package fails by an error of its own, which is the cause of this one.

    ``plug_in`` says which package and entry point, ``stage`` is the stage's name.
    """

    def __init__(self, plug_in: str, stage: str, error: BaseException) -> None:
        super().__init__(
            f"stage {stage!r} fails in the plug-in that brings it, {plug_in}: {in_a_line(error)}; "
            "update or remove that package, or tell its authors"
        )
        self.plug_in = plug_in
        self.stage = stage
