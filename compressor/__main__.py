"""Run the command line: ``python -m compressor``, and the console script."""

import gc
import sys

from compressor import __version__

VERSION_FLAGS = (["--version"], ["-V"])


def main() -> None:
    """Run the command line; the version is printed without loading it."""
    try:
        code = _version() if sys.argv[1:] in VERSION_FLAGS else _run()
    except KeyboardInterrupt:  # while modules load; later the command line sees to it
        code = 130
    gc.freeze()  # or the interpreter looks for garbage in all modules before it ends: 20 ms
    sys.exit(code)


def _version() -> int:
    try:
        print(f"compressor {__version__}", flush=True)  # noqa: T201  (no click yet)
    except OSError as error:
        sys.stderr.write(f"compressor: stdout: {error.strerror}\n")
        return 1
    return 0


def _run() -> int:
    # Looked for among what loading makes, and entries, there is no garbage.
    gc.set_threshold(100_000)
    from compressor.cli import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
