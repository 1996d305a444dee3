"""Run the command line: ``python -m compressor``, and the console script."""

import sys

from compressor import __version__

VERSION_FLAGS = (["--version"], ["-V"])


def main() -> None:
    """Run the command line; the version is printed without loading it."""
    if sys.argv[1:] in VERSION_FLAGS:
        sys.stdout.write(f"compressor {__version__}\n")
        return
    from compressor.cli import main as run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
