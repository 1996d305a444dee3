"""What a scan leaves out: patterns in gitignore's syntax, and folders that are tagged as caches.

As in git, the last pattern that matches decides, ``!`` takes back, and nothing below a folder that
is left out is looked at. So each pattern only ever meets the name at hand, never those above it.
"""

import codecs
import os
import re
from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct

from compressor.errors import UsageError

CACHE_TAG = b"CACHEDIR.TAG"
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"  # bford.info/cachedir


class Excluded(Protocol):
    """Whether a member is left out."""

    def __call__(self, name: bytes, *, is_folder: bool) -> bool:
        """Judge by the name and by what it stands for."""


class _Pattern(Struct, frozen=True):
    matches: Callable[[str], object]
    excludes: bool
    folders_only: bool
    whole_name: bool  # else the last component alone is compared


def excluder(lines: Iterable[str]) -> Excluded:
    """Compile patterns, one each, in gitignore's syntax; names are matched as the archive has them.

    Raises:
        UsageError: a pattern can't match anything.
    """
    patterns = [pattern for line in lines if (pattern := _parsed(line)) is not None]
    patterns.reverse()

    def excluded(name: bytes, *, is_folder: bool) -> bool:
        path = os.fsdecode(name)
        base = path.rpartition("/")[2]
        for pattern in patterns:
            if pattern.folders_only and not is_folder:
                continue
            if pattern.matches(path if pattern.whole_name else base):
                return pattern.excludes
        return False

    return excluded


def lines_of(file: bytes) -> list[str]:
    """Return the patterns in a file as git reads one: a line ends in LF or CR LF, and in nothing else."""
    lines = file.removeprefix(codecs.BOM_UTF8).split(b"\n")
    return [os.fsdecode(line.removesuffix(b"\r")) for line in lines]


def is_cache(folder: int) -> bool:
    """Whether an open folder holds a tag that says that its content can be made again."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(CACHE_TAG, flags, dir_fd=folder)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(CACHE_SIGNATURE)) == CACHE_SIGNATURE
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _parsed(line: str) -> _Pattern | None:
    text = _without_spaces_at_end(line)
    if text.startswith("#"):
        return None
    excludes = not text.startswith("!")
    text = text if excludes else text[1:]
    folders_only = text.endswith("/")
    text = text[:-1] if folders_only else text
    if not text:
        return None
    whole_name = "/" in text
    try:
        regex = _regex(text.removeprefix("/"), bounded=whole_name)
    except _UnmatchableError as error:
        raise UsageError(f"the pattern {line!r} {error}") from None
    return _Pattern(re.compile(regex, re.DOTALL).fullmatch, excludes, folders_only, whole_name)


def _without_spaces_at_end(line: str) -> str:
    """Drop spaces at the end, but not one behind a backslash."""
    kept = line.rstrip(" ")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if backslashes % 2 and kept != line else kept


class _UnmatchableError(Exception):
    """A pattern that git would pass over in silence; says why."""


_TOKENS = r"""
      (?P<inside> (?:^|(?<=/)) \*\*+ / )     # no folder, or any number of them
    | (?P<below> (?:^|(?<=/)) \*\*+ $ )      # everything
    | (?P<many> \*+ )
    | (?P<one> \? )
    | \[ (?P<negated> [!^]? ) (?P<set> \]?+ (?: \[:[a-z]*:\] | \\. | [^\]\\] )* ) \]
    | \\ (?P<escaped> . )
    | (?P<plain> [^\\\[] )
    """

_ENDS_EARLY = {
    "\\": "ends in a backslash",
    "[": "has a [ without its ] (the character itself is written \\[)",
}

_FIXED = {"inside": "(?:.*/)?", "below": ".*", "many": "[^/]*", "one": "[^/]"}


def _regex(glob: str, *, bounded: bool) -> str:
    """Translate a glob; ``**`` is special only between slashes, in one that has any (``bounded``)."""
    tokens = re.compile(_TOKENS, re.VERBOSE | re.DOTALL)  # most runs have no pattern
    parts, at = [], 0
    while at < len(glob):
        token = tokens.match(glob, at)
        if token is None:
            raise _UnmatchableError(_ENDS_EARLY[glob[at]])
        parts.append(_translated(token, bounded=bounded))
        at = token.end()
    return "".join(parts)


def _translated(token: re.Match[str], *, bounded: bool) -> str:
    kind = token.lastgroup or ""
    if kind == "set":
        return _set(token["set"], negated=bool(token["negated"]))
    if kind in _FIXED:
        return _FIXED[kind if bounded else kind.replace("below", "many")]
    return re.escape(token[0] if kind == "plain" else token["escaped"])


_MEMBERS = r"\[:(?P<named>[a-z]*):\] | \\(?P<escaped>.) | (?P<plain>.)"

_NAMED = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def _set(text: str, *, negated: bool) -> str:
    """Translate what stands between brackets; a slash is never meant."""
    parts: list[str] = []
    members = list(re.finditer(_MEMBERS, text, re.VERBOSE | re.DOTALL))
    while members:
        first = members.pop(0)
        if first.lastgroup == "named":
            if first["named"] not in _NAMED:
                raise _UnmatchableError(f"names an unknown class of characters, {first[0]}")
            parts.append(_NAMED[first["named"]])
            continue
        low = high = first["escaped"] or first["plain"]
        if len(members) > 1 and members[0][0] == "-" and members[1].lastgroup != "named":
            high = members[1]["escaped"] or members[1]["plain"]
            del members[:2]
        if low <= high:  # else the range is empty
            parts.append(f"{re.escape(low)}-{re.escape(high)}")
    if not parts:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{''.join(parts)}]"
