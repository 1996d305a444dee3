"""Other archivers' files into archives: member by member, as they come, with what is known of each."""

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from msgspec.structs import astuple, replace

from compressor.archive.leaf import Entry, Owner
from compressor.archive.record import MAGIC
from compressor.archive.schema import MAX_NAME, MAX_SLASHES, fits, shown_name
from compressor.engine.clashes import LINKABLE, Fate, Fates, Taken, plain
from compressor.engine.foreign import ForeignFile
from compressor.engine.member import KINDS
from compressor.engine.nodes import recordable
from compressor.engine.numbers import Content, content_from
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.engine.reading import UnpackOptions
from compressor.engine.trees import Tally
from compressor.errors import CompressorError, DamagedError, TruncatedError, UsageError
from compressor.formats import tar, zips
from compressor.formats.members import Kind, Member, Members
from compressor.tree.inputs import Hole

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_NUMBER = (1 << 32) - 1  # of users, groups and devices, that can be recorded
MOST_WORDS = 256  # characters of their names
MOST_SHOWN = 200  # characters of a name in what is told of it
ARCHIVE = "this is a .cz archive already; `compressor export` makes a tar file of it"

_NUMBERS = {words: number for number, words in KINDS.items()}

Problem = Callable[[str, str], None]
"""What is told of a member that is left out, or changed: how it is shown, and why."""


class NameTwiceError(CompressorError):
    """A name comes twice, or below one that is no folder; the last is the one that counts."""


class Stream:
    """A file's bytes from the start, those of another program's file unpacked, for readers of tar."""

    def __init__(self, file: BinaryIO | ForeignFile, options: UnpackOptions) -> None:
        self._pieces = (
            file.pieces(options) if isinstance(file, ForeignFile) else _raw(file, options)
        )
        self._held = b""

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer only at the end."""
        parts, have = [self._held], len(self._held)
        while have < size and (piece := next(self._pieces, b"")):
            parts.append(piece)
            have += len(piece)
        data = b"".join(parts)
        self._held = data[size:]
        return data[:size]

    def peek(self, size: int) -> bytes:
        """Return the next bytes, and leave them there."""
        data = self.read(size)
        self._held = data + self._held
        return data


def _raw(file: BinaryIO, options: UnpackOptions) -> Iterator[bytes]:
    given = 0
    while piece := file.read(1 << 18):
        given += len(piece)
        options.limits.check(given, given)
        options.progress(given, given, given)
        yield piece


class _Seekable(io.RawIOBase):
    """A file that can seek, with all that the standard library asks of one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer) as view:
            data = self._file.read(view.nbytes)
            view[: len(data)] = data
        return len(data)


def members_of(file: BinaryIO | ForeignFile, options: UnpackOptions, *, seekable: bool) -> Members:
    """Return the members of a tar file, packed or not, or of a zip file.

    Raises:
        CompressorError: it is neither.
        UsageError: it is a zip file that can't seek.
    """
    stream = Stream(file, options)
    start = stream.peek(tar.BLOCK)
    if start.startswith(zips.MAGICS):
        if isinstance(file, ForeignFile):
            raise CompressorError("this is a packed zip file: `compressor decompress` it first")
        if not seekable:
            raise UsageError("a zip file can't be read from a pipe: name a file")
        return zips.members(io.BufferedReader(_Seekable(file)))
    if start.startswith(MAGIC):
        raise CompressorError(ARCHIVE)
    if not tar.begins(start) and start.strip(b"\0"):
        raise CompressorError(
            "this is neither a tar file, packed or not, nor a zip file: "
            "unpack it, and `compressor compress` what comes out"
        )
    return tar.members(stream)  # type: ignore[arg-type]  # it only reads


class Conversion:
    """One run: what becomes of the members, and what of them stays."""

    def __init__(self, options: PackOptions, problem: Problem) -> None:
        self._options = options
        self._problem = problem
        self._names: dict[bytes, bytes | None] = {}  # and of what each is a name
        self._taken = Taken()
        self._owners_told = False

    def pack(
        self,
        packer: Packer,
        members: Members,
        limit: Callable[[int], None],
        fates: Fates | None,
    ) -> Tally:
        """Pack the members; ``fates`` says what becomes of each, if that is known.

        ``limit`` hears of the plain bytes so far.

        Raises:
            NameTwiceError: a name came before, or what rules it out.
            DamagedError: they can't be read to the end.
        """
        tally = Tally()
        for number, member in enumerate(members):
            named = member if fates is None else self._named(member, fates[number])
            entry = self._entry(named) if named else None
            if entry is None:
                continue
            self._take(entry, member.kind)
            self._names[entry.name] = (
                entry.name if member.kind in LINKABLE else self._file_of(member)
            )
            limit(packer.plain_size + member.size)
            if member.kind is Kind.FILE:
                packer.add(entry, self._content(packer, member))
                tally.files += 1
            else:
                packer.add_plain(entry)
                tally.others += 1
            tally.newest_ns = max(tally.newest_ns, entry.mtime_ns or 0)
        return tally

    def _take(self, entry: Entry, kind: Kind) -> None:
        if entry.name in self._names:
            raise NameTwiceError(f"{entry.shown_name!r} comes twice")
        if other := self._taken.by(entry.name, kind):
            file, below = sorted((entry.shown_name, shown_name(other)), key=len)
            raise NameTwiceError(f"{file!r} is no folder, {below!r} lies below it")
        self._taken.add(entry.name, kind)

    def _named(self, member: Member, fate: Fate | None) -> Member | None:
        if fate is None:
            return None
        if fate.lost_to:
            why = f"can't be beside {shown_name(fate.lost_to)!r}, which comes later; it is left out"
            self._problem(shown_name(plain(member.name)), why)
            return None
        return replace(member, name=fate.name, target=fate.target)

    def _content(self, packer: Packer, member: Member) -> Content:
        size, name = packer.piece_size, shown_name(member.name)
        if member.data is None:
            return content_from(_whole(member.take, member.size, name), self._options, size)
        return _sparse(member, size)

    def _entry(self, member: Member) -> Entry | None:
        """Return what is recorded of a member; None where it is left out, which is told."""
        shown = _shortened(shown_name(member.name))
        name = plain(member.name)
        if not name and member.kind is Kind.FOLDER:  # the one that all lies in
            return None
        reason = self._refused(member)
        if reason:
            self._problem(shown, f"{reason}; it is left out")
            return None
        if member.odd:
            self._problem(shown, member.odd)
        if member.name.startswith(b"/"):
            self._problem(shown, "is an absolute name; it is recorded without the / at its start")
        mtime_ns = None if member.mtime_ns is None else recordable(member.mtime_ns)
        if mtime_ns != member.mtime_ns:
            self._problem(shown, "has a time that can't be recorded; it gets the nearest that can")
        return Entry(
            name,
            _NUMBERS[member.kind.value],
            size=member.size,
            mtime_ns=mtime_ns,
            mode=member.mode,
            owner=self._owner(member, shown),
            target=self._file_of(member) if member.kind is Kind.HARDLINK else member.target,
            device=member.device,
            xattrs=member.xattrs,
        )

    def _owner(self, member: Member, shown: str) -> Owner:
        """Return whose a member is; the first of which that can't be recorded is told."""
        given = (member.uid, member.gid, member.user, member.group)
        owner = Owner(
            _number(member.uid), _number(member.gid), _words(member.user), _words(member.group)
        )
        if astuple(owner) != given and not self._owners_told:
            self._owners_told = True
            why = "has an owner that can't be recorded in full; others like it are not named"
            self._problem(shown, why)
        return owner

    def _file_of(self, member: Member) -> bytes | None:
        """Return the name of what a hard link leads to in the end, if it does."""
        hard = member.kind is Kind.HARDLINK
        return self._names.get(plain(member.target or b"")) if hard else None

    def _refused(self, member: Member) -> str:
        if member.kind is Kind.UNKNOWN:
            return member.odd or "is of a kind that is not known here"
        if member.device and not all(0 <= number <= MOST_NUMBER for number in member.device):
            return "has an impossible number of a device"
        if member.kind is Kind.HARDLINK and self._file_of(member) is None:
            to = _shortened(shown_name(member.target or b""))
            return f"is a hard link to {to!r}, which is no file before it"
        if member.kind is Kind.SYMLINK and not 0 < len(member.target or b"") <= MAX_NAME:
            return "is a link to too long a name" if member.target else "is a link to nowhere"
        return _unfit(member.name)


def _unfit(name: bytes) -> str:
    """Return why a name can't be recorded; "": it can."""
    if not plain(name):
        return "has no name"
    if b".." in name.split(b"/"):
        return "has a name that climbs with .."
    if b"\0" in name:
        return "has a name that holds a NUL"
    most = f"{MAX_NAME} bytes or {MAX_SLASHES} slashes"
    return "" if fits(name) else f"has a name of {len(name)} bytes, more than {most}"


def _shortened(name: str) -> str:
    half = MOST_SHOWN // 2
    return name if len(name) <= MOST_SHOWN else f"{name[:half]}...{name[-half:]}"


def _number(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= MOST_NUMBER else None


def _words(name: str | None) -> str | None:
    return name if name and len(name) <= MOST_WORDS and name.isprintable() else None


def _whole(take: Callable[[int], bytes], size: int, name: str) -> Callable[[int], bytes]:
    """Return ``take``, with an error where it ends before ``size`` bytes."""
    left = size

    def take_all(wanted: int) -> bytes:
        nonlocal left
        wanted = min(wanted, left)
        data = take(wanted) if wanted else b""
        if len(data) < wanted:
            raise TruncatedError("the file ends inside a member", member=name)
        left -= len(data)
        return data

    return take_all


def _sparse(member: Member, piece_size: int) -> Iterator[bytes | Hole]:
    at, name = 0, shown_name(member.name)
    for begin, length in member.data or ():
        if begin < at or begin + length > member.size:
            what = "the parts of a file with holes overlap, or lie behind its end"
            raise DamagedError(what, member=name)
        if begin > at:
            yield Hole(begin - at)
        take = _whole(member.take, length, name)
        while piece := take(piece_size):
            yield piece
        at = begin + length
    if at < member.size:
        yield Hole(member.size - at)
