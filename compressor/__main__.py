"""Run the command line: ``python -m compressor``, and the console script."""

import gc
import os
import sys

from compressor import __version__

VERSION_FLAGS = (["--version"], ["-V"])


def main() -> None:
    """Run the command line; the version is printed without loading it."""
    try:
        code = _version() if sys.argv[1:] in VERSION_FLAGS else _run()
    except KeyboardInterrupt:  # just before or behind what sees to it
        code = 130
    gc.freeze()  # or the interpreter looks for garbage in all modules before it ends: 20 ms
    sys.exit(code)


def _version() -> int:
    try:
        os.write(1, f"compressor {__version__}\n".encode())
    except OSError:  # it fails there, too, where such is seen to
        return _run()
    return 0


def _run() -> int:
    import signal  # imported late: the version is printed without it

    # Looked for among what loading makes, and entries, there is no garbage.
    gc.set_threshold(100_000)
    heeded = signal.getsignal(signal.SIGINT)
    if heeded == signal.default_int_handler:  # in the background it is ignored
        # While modules load nothing is begun. An exception could be dropped by what loads them.
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from compressor.cli import main as run

    signal.signal(signal.SIGINT, heeded)
    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
