"""Command lines as processes of their own that need not begin with an interpreter's start.

A process that has all modules loaded, and has run nothing yet, forks for each command line: what runs is
``compressor.__main__`` with descriptors, folder, environment and umask of its own, and it ends as any program
does. That takes a tenth of the time that a start takes (0.2 s, nearly all of it imports), and the suite has
more than a thousand. What depends on a start itself (variables that Python reads, limits, missing modules)
has to have one: ``tests.cli.conftest.run`` sees to it.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

MOST = 1 << 17  # bytes of a request
SECONDS = 60  # that a command line may take

_busy = threading.Lock()


def forked(
    words: Sequence[str | bytes | Path],
    descriptors: Sequence[int],
    env: Mapping[str, str],
    umask: int = -1,
) -> "Forked | None":
    """Begin a command line here, with these three streams; None where it has to be begun otherwise."""
    request = {
        "words": [os.fsdecode(word) for word in words],
        "folder": str(Path.cwd()),
        "environment": dict(env),
        "umask": _umask() if umask < 0 else umask,
    }
    message = json.dumps(request).encode()
    if len(message) > MOST or not _busy.acquire(blocking=False):
        return None
    channel = _server()
    socket.send_fds(channel, [message], list(descriptors))
    return Forked(channel)


class Forked:
    """A command line that runs; there is one at a time."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._pid = int(channel.recv(100))
        self._late = False
        self._timer = threading.Timer(SECONDS, self._kill)
        self._timer.start()

    def _kill(self) -> None:
        self._late = True
        os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """Return the exit code, once it has ended; that of a signal is below 0."""
        code = int(self._channel.recv(100))
        self._timer.cancel()
        _busy.release()
        if self._late:
            raise subprocess.TimeoutExpired("compressor", SECONDS)
        return code


FORKED = {"input", "stdin", "stdout", "umask"}
"""What ``run_forked`` takes of the options of ``subprocess.run``."""


def run_forked(
    words: Sequence[str | bytes | Path],
    env: Mapping[str, str],
    *,
    stdout: Any,
    input: bytes = b"",
    stdin: Any = None,
    umask: int = -1,
) -> subprocess.CompletedProcess[bytes] | None:
    """Run a command line as ``subprocess.run`` does; None where it has to be run otherwise."""
    theirs, ours = _streams(stdin, stdout)
    try:
        running = forked(words, theirs, env, umask)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    if running is None:
        for file in filter(None, ours):
            file.close()
        return None
    with ThreadPoolExecutor(3) as pool:
        pool.submit(_fill, ours[0], input)
        out, err = (pool.submit(_drain, file) for file in ours[1:])
        code = running.wait()
    return subprocess.CompletedProcess(words, code, out.result(), err.result())


def _streams(stdin: Any, stdout: Any) -> tuple[list[int], list[IO[bytes] | None]]:
    """Return the other process's three streams, and our ends of those that are pipes."""
    reader, feed = (os.dup(stdin.fileno()), None) if stdin else os.pipe()
    take, writer = os.pipe() if stdout == subprocess.PIPE else (None, _dup(stdout))
    listen, say = os.pipe()
    ends = ((feed, "wb"), (take, "rb"), (listen, "rb"))
    ours = [None if end is None else os.fdopen(end, mode) for end, mode in ends]
    return [reader, writer, say], ours


def _dup(stream: Any) -> int:
    return os.dup(stream if isinstance(stream, int) else stream.fileno())


def _fill(file: IO[bytes] | None, content: bytes) -> None:
    with suppress(BrokenPipeError):
        if file is not None:
            with file:
                file.write(content)


def _drain(file: IO[bytes] | None) -> bytes | None:
    if file is None:
        return None
    with file:
        return file.read()


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


# In the process that forks


def _serve(channel: socket.socket) -> None:
    """Fork for each request; return in the child, which is to run it."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, MOST, 3)
        if not message:
            sys.exit()
        child = os.fork()
        if not child:
            channel.close()
            _become(json.loads(message), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(b"%d" % child)
        channel.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _become(request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115  as Python does
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(  # noqa: SIM115
        2, "w", buffering=1, errors="backslashreplace", closefd=False
    )
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["compressor", *request["words"]]


def _load() -> None:
    """Import all that a command line may."""
    from compressor.cli import COMMANDS
    from compressor.stages import TABLE

    others = ("compressor.__main__", "compressor.engine.tensorview", "concurrent.futures.thread")
    commands = (f"compressor.cli.{name}" for name in COMMANDS)
    for module in (*commands, *TABLE.values(), *others):
        import_module(module)


if __name__ == "__main__":
    _load()
    gc.freeze()  # else each child would write to, and so copy, all that is loaded
    _serve(socket.socket(fileno=int(sys.argv[1])))
    import_module("compressor.__main__").main()
