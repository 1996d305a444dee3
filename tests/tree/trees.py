"""What the tests of scans share."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from compressor.tree.scan import Found, scan
from compressor.tree.walk import ScanOptions

NOBODY = 65534


def told(into: list[str]) -> Callable[[str, Exception | str], None]:
    """Return what a scan tells its problems, which puts them into a list."""
    return lambda shown, reason: into.append(f"{shown}: {reason}")


def found(*paths: str, problems: list[str] | None = None, **options: object) -> list[Found]:
    """Scan; where ``problems`` is not given, there must be none."""
    said: list[str] = [] if problems is None else problems
    seen = list(scan([Path(path) for path in paths], ScanOptions(**options), told(said)))  # type: ignore[arg-type]
    assert problems is not None or not said
    return seen


def names(*paths: str, problems: list[str] | None = None, **options: object) -> list[bytes]:
    """Scan and return the members' names, having looked at their order."""
    seen = [item.node.name for item in found(*paths, problems=problems, **options)]
    assert seen == sorted(seen, key=lambda name: name.replace(b"/", b"\0"))
    assert len(seen) == len(set(seen))
    return seen


def make(*paths: str) -> None:
    """Make files that hold their own path, and folders, whose paths end in a slash."""
    for path in paths:
        if path.endswith("/"):
            Path(path).mkdir(parents=True, exist_ok=True)
        else:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(path)


def as_nobody(work: Callable[[], Sequence[object]]) -> list[str]:
    """Do the work without privileges, in a fork; return its result, each item as text."""
    if os.geteuid():
        return [str(item) for item in work()]
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        with suppress(BaseException):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(theirs, "\0".join(str(item) for item in work()).encode())
            code = 0
        os._exit(code)
    os.close(theirs)
    with os.fdopen(ours) as said:
        text = said.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return text.split("\0") if text else []


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a fresh folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
