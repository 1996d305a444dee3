"""The command line: one module a command; errors become exit codes here and only here."""

import os
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path

import click

from compressor.cli import shorthand
from compressor.cli.report import say_error
from compressor.errors import CompressorError, UsageError

COMMANDS = {
    "compress": "compressor.cli.compress",
    "decompress": "compressor.cli.decompress",
    "list": "compressor.cli.list",
    "test": "compressor.cli.test",
    "info": "compressor.cli.info",
    "cat": "compressor.cli.cat",
    "recover": "compressor.cli.recover",
    "codecs": "compressor.cli.codecs",
    "bench": "compressor.cli.bench",
}
"""Name of a command -> its module, imported when it is called."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        name = shorthand.ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            if Path(cmd_name).exists():
                raise UsageError(
                    f"{cmd_name} is a file; to pack it: compressor compress {cmd_name}"
                )
            return None
        command: click.Command = import_module(COMMANDS[name]).COMMAND
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`compressor COMMAND --help` explains a command, with examples.",
)
@click.version_option(package_name="compressor-cz", prog_name="compressor")
def commands() -> None:
    r"""Compress files and streams into .cz archives, and get the same bytes back.

    \b
      compressor compress model.bin         makes model.bin.cz (short: c)
      compressor decompress model.bin.cz    makes model.bin again (short: d)
      tar c run | compressor > run.tar.cz   a bare `compressor` packs a pipe
    """


def main(argv: list[str]) -> int:
    """Run one command line; return its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 141
    if code in (130, 141, 143):
        _silence()
    return code


def _terminate(_signal: int, _frame: object) -> None:
    raise SystemExit(143)


def _silence() -> None:
    """Point stdout nowhere, so that flushing it at exit says nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _run(argv: list[str]) -> int:
    verbose = any(arg in ("-vv", "-vvv") for arg in argv) or argv.count("-v") > 1
    try:
        words = shorthand.expand(argv, stdin_is_terminal=sys.stdin is None or sys.stdin.isatty())
        code = commands.main(words, prog_name="compressor", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except CompressorError as error:
        _trace(show=verbose)
        say_error(str(error))
        return error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        _trace(show=verbose)
        where = f"{error.filename}: " if error.filename else ""
        say_error(f"{where}{error.strerror or error}")
        return 1


def _trace(*, show: bool) -> None:
    if show:
        traceback.print_exc()
