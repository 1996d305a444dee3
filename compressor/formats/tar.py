"""tar archives (ustar, GNU, pax), from front to back, by the standard library."""

import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import IO, Any, Self, cast

from compressor.errors import DamagedError, TruncatedError
from compressor.formats.members import MAX_HEADER, Kind, Member, Members
from compressor.stages.base import Bytes

BLOCK = 512  # bytes: of a header, and what contents are filled up to
XATTR = "SCHILY.xattr."  # what keys of attributes begin with, by GNU tar, star, bsdtar
GNU = b"ustar  \0"  # magic, where ustar has its own and a version
DUMPED = b"D"  # type of GNU: a folder, and the names of what was in it
LABEL = b"V"  # type of GNU: what the archive is called
READ = 64 * BLOCK  # bytes asked for at once
MOST_SECONDS = 1 << 40  # of a time; as good as any other that no archive can record

_KINDS = {
    tarfile.DIRTYPE: Kind.FOLDER,
    DUMPED: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
    tarfile.FIFOTYPE: Kind.FIFO,
    tarfile.CHRTYPE: Kind.CHAR_DEVICE,
    tarfile.BLKTYPE: Kind.BLOCK_DEVICE,
}


class _Header(tarfile.TarInfo):
    """A header; the library ends silently at one that is damaged, and reads names of any size."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        told = cast("_Tar", tar)
        try:
            found = super().fromtarfile(tar)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # not in the stubs
            told.ended = True
            raise
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            if told.ended:
                told.followed = True
                raise tarfile.EmptyHeaderError("no tar follows") from error  # type: ignore[attr-defined]
            raise DamagedError(f"this tar file is damaged ({error})", offset=tar.offset) from error
        told.ended = False  # or another one began behind the end
        return found

    @classmethod
    def frombuf(cls, buf: Bytes, encoding: str, errors: str) -> Self:
        """Take a short block of zeros at the end for a whole one; GNU's headers have no prefix of names."""
        data = bytes(buf)
        data = data if data.strip(b"\0") or not data else bytes(BLOCK)
        found = super().frombuf(data, encoding, errors)
        if data[257:265] == GNU:  # times stand in its place
            found.name = tarfile.nts(data[:100], encoding, errors)  # type: ignore[attr-defined]
        return found

    def _proc_pax(self, tar: tarfile.TarFile) -> Any:
        return self._bounded(tar, super()._proc_pax)  # type: ignore[misc]

    def _proc_gnulong(self, tar: tarfile.TarFile) -> Any:
        return self._bounded(tar, super()._proc_gnulong)  # type: ignore[misc]

    def _apply_pax_info(self, pax_headers: dict[str, str], encoding: str, errors: str) -> None:
        """Let a sparse file's own name win, wherever among the others it stands."""
        if "GNU.sparse.name" in pax_headers:
            pax_headers = {**pax_headers, "path": pax_headers["GNU.sparse.name"]}
        super()._apply_pax_info(pax_headers, encoding, errors)  # type: ignore[misc]

    def _bounded(self, tar: tarfile.TarFile, read: Callable[[tarfile.TarFile], Any]) -> Any:
        if not 0 <= self.size <= MAX_HEADER:
            raise DamagedError("this tar file has a header of impossible size", offset=tar.offset)
        return read(tar)


class _Tar(tarfile.TarFile):
    tarinfo = _Header
    members: list[tarfile.TarInfo]
    ended = False
    followed = False  # by what is no tar


def begins(start: bytes) -> bool:
    """Whether 512 bytes look like the first header: they hold their own sum."""
    if len(start) < BLOCK or not start[0]:
        return False
    try:
        recorded = tarfile.nti(start[148:156])  # type: ignore[attr-defined]  # not in the stubs
    except tarfile.HeaderError:
        return False
    return recorded in tarfile.calc_chksums(start[:BLOCK])  # type: ignore[attr-defined]


def members(file: IO[bytes]) -> Members:
    """Yield the members of a tar file that need not seek, and of those that follow it.

    What else follows, but for zeros, is the last: a nameless member of unknown kind.

    Raises:
        DamagedError: a header is damaged, or it ends too early.
    """
    with _told(), _opened(file) as tar:
        while (info := tar.next()) is not None:
            tar.members.clear()  # it would keep all
            if info.type != LABEL:  # which is no member
                yield _member(tar, info)
        if not tar.ended:
            raise TruncatedError("this tar file was cut short: it lacks its end", offset=tar.offset)
        if tar.followed:
            odd = "what stands behind the end of the tar file is no other one"
            yield Member(b"", Kind.UNKNOWN, odd=odd)


@contextmanager
def _told(name: str | None = None) -> Iterator[None]:
    """Turn the library's errors into ours; ``name`` is of the member that is read."""
    try:
        yield
    except tarfile.ReadError as error:
        raise TruncatedError("this tar file was cut short", member=name) from error
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise DamagedError(f"this tar file is damaged ({error})", member=name) from error


def _opened(file: IO[bytes]) -> _Tar:
    options = {"bufsize": READ, "encoding": "utf-8", "errors": "surrogateescape"}
    options |= {"ignore_zeros": True}  # tar files in a row
    return _Tar.open(fileobj=file, mode="r|", **options)  # type: ignore[call-overload, no-any-return]


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    kind = Kind.FILE if info.isreg() else _KINDS.get(info.type, Kind.UNKNOWN)
    known = kind is not Kind.UNKNOWN
    link = kind in (Kind.SYMLINK, Kind.HARDLINK)
    device = kind in (Kind.CHAR_DEVICE, Kind.BLOCK_DEVICE)
    file = tar.extractfile(info) if kind is Kind.FILE else None
    data = None
    if info.sparse is not None:
        layout = cast("list[tuple[int, int]]", info.sparse)
        data = [(begin, size) for begin, size in layout if size]
    return Member(
        _bytes(info.name),
        kind,
        info.size if kind is Kind.FILE else 0,
        info.mode & 0o7777,
        _mtime(info),
        info.uid,
        info.gid,
        info.uname or None,
        info.gname or None,
        _bytes(info.linkname) if link else None,
        (info.devmajor, info.devminor) if device else None,
        _xattrs(info),
        data,
        _taking(file, data, info.name) if file else lambda _size: b"",
        "has a time that is no number; none is recorded" if known and _mtime(info) is None else "",
    )


def _taking(
    file: IO[bytes], data: list[tuple[int, int]] | None, name: str
) -> Callable[[int], bytes]:
    """Return what gives the bytes of a file, without its holes."""
    left = list(reversed(data or ()))
    raw = cast("Any", file).raw  # in which to seek forward is to pass over a hole

    def take(size: int) -> bytes:
        with _told(name):
            return file.read(size) if data is None else b"".join(parts(size))

    def parts(size: int) -> Iterator[bytes]:
        while size and left:
            begin, length = left.pop()
            step = min(size, length)
            raw.seek(begin)
            yield raw.read(step)
            size -= step
            if step < length:
                left.append((begin + step, length - step))

    return take


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _mtime(info: tarfile.TarInfo) -> int | None:
    """Return the time in nanoseconds: the library makes a float of it. None: it is no number."""
    text = info.pax_headers.get("mtime")
    try:
        seconds = Decimal(text if text is not None else int(info.mtime))
        return int(min(max(seconds, Decimal(-MOST_SECONDS)), Decimal(MOST_SECONDS)) * 10**9)
    except (InvalidOperation, OverflowError, ValueError):
        return None


def _xattrs(info: tarfile.TarInfo) -> tuple[tuple[bytes, bytes], ...]:
    found = {
        _bytes(_unescaped(key[len(XATTR) :])): _bytes(value)
        for key, value in info.pax_headers.items()
        if key.startswith(XATTR)
    }
    return tuple(sorted(found.items()))


def escaped(name: str) -> str:
    """Return an attribute's name as GNU tar and star have it in a key, which ends at its first =."""
    return name.replace("%", "%25").replace("=", "%3D")


def _unescaped(name: str) -> str:
    """Return the name; GNU tar leaves all other uses of % as they are."""
    return re.sub("%(25|3D)", lambda found: "%" if found[1] == "25" else "=", name)
