"""The command line: one module a command; errors become exit codes here and only here."""

import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import click

from compressor import __version__
from compressor.cli import naming, shorthand
from compressor.cli.options import REPORT
from compressor.cli.report import Report, say_error
from compressor.errors import CompressorError, UsageError

COMMANDS = {
    "compress": "Pack files, folders or stdin into .cz archives.",
    "decompress": "Restore archives, and files of gzip, zstd, xz and others.",
    "extract": "Restore a folder, or some members of an archive.",
    "convert": "Make an archive of a tar or zip file.",
    "export": "Make a tar file of an archive.",
    "append": "Add what a folder holds now to its archive, as a version.",
    "versions": "List the versions of an archive.",
    "prune": "Forget all but the last versions of an archive.",
    "list": "List members: size, time, name.",
    "test": "Check every bit of archives; write nothing.",
    "info": "Say what archives are made of.",
    "cat": "Write files, ranges of bytes, or tensors to stdout.",
    "recover": "Make a sound archive of what is whole in a damaged one.",
    "codecs": "List the codecs, their options and libraries.",
    "bench": "Compare codecs and levels on your own data.",
    "entropy": "Say how small data could be, and how near codecs come.",
}
"""Name of a command -> what it does; its module has its name, and is imported when it is called."""


def command_of(name: str) -> click.Command:
    """Import a command."""
    command: click.Command = import_module(f"compressor.cli.{name}").COMMAND
    command.short_help = COMMANDS[name]
    return _with_lines(command)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = shorthand.ALIASES.get(cmd_name, cmd_name)
        if name in COMMANDS:
            return command_of(name)
        if Path(cmd_name).exists() and not ctx.resilient_parsing:
            raise UsageError(_suggestion(cmd_name))
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        short = {name: letter for letter, name in shorthand.ALIASES.items()}
        names = {name: f"{name}, {short[name]}" if name in short else name for name in COMMANDS}
        with formatter.section("Commands"):
            formatter.write_dl([(names[name], summary) for name, summary in COMMANDS.items()])


def _with_lines(command: click.Command) -> click.Command:
    """Return the command with the examples in its help kept as they are: click's mark for it is a byte."""
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    return command


def _suggestion(file: str) -> str:
    if naming.is_packed(Path(file)):
        return f"{file} is a file; to unpack it: compressor decompress {file}"
    return f"{file} is a file; to pack it: compressor compress {file}"


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`compressor COMMAND --help` explains a command, with examples.",
)
@click.version_option(__version__, "-V", "--version", message="compressor %(version)s")
def commands() -> None:
    r"""Compress files and streams into .cz archives, and get the same bytes back.

    \b
      compressor compress model.bin         makes model.bin.cz (short: c)
      compressor decompress model.bin.cz    makes model.bin again (short: d)
      tar c run | compressor > run.tar.cz   a bare `compressor` packs a pipe
    """


_with_lines(commands)


def main(argv: list[str]) -> int:
    """Run one command line; return its exit code."""
    _prepare()
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except _TerminatedError as ended:
        code = ended.exit_code
    except OSError as error:  # stdout is closed, or full
        code = 141 if isinstance(error, BrokenPipeError) else 1
        if code == 1:
            say_error(f"stdout: {error.strerror}")
    if code >= ENDED:
        _leave(code)
    _silence()
    return code


AGAIN = 0.01  # seconds
ENDED = 129
"""The lowest exit code of a run that a signal ended."""


class _TerminatedError(BaseException):
    """The process was told to end."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code


def _prepare() -> None:
    """Have all three standard streams, output that can say any name, and signals that clean up."""
    for descriptor, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDWR)):
        try:
            os.fstat(descriptor)
        except OSError:
            # Closed. What is opened next must not take its place, and using it must fail.
            os.open(os.devnull, flags)
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, _terminate)

    sys.unraisablehook = _raise_again


def _terminate(number: int, _frame: object) -> None:
    raise _TerminatedError(128 + number)


def _raise_again(ignored: "sys.UnraisableHookArgs") -> None:
    """Send a signal once more whose exception Python dropped, as it does in callbacks of its imports."""
    error = ignored.exc_value
    if isinstance(error, KeyboardInterrupt | _TerminatedError):
        number = error.exit_code - 128 if isinstance(error, _TerminatedError) else signal.SIGINT
        again = threading.Timer(
            AGAIN, os.kill, (os.getpid(), number)
        )  # here it would be dropped, too
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(ignored)


def _leave(code: int) -> NoReturn:
    """End at once: what is half-written is gone already, and threads still at work hold nothing."""
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _silence() -> None:
    """Have what could not be written to stdout forgotten, so that leaving says nothing."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _run(argv: list[str]) -> int:
    context: click.Context | None = None
    try:
        instruction = os.environ.get("_COMPRESSOR_COMPLETE")
        if instruction:
            from click.shell_completion import shell_complete  # for a shell only

            return shell_complete(commands, {}, "compressor", "_COMPRESSOR_COMPLETE", instruction)
        words = shorthand.expand(argv, COMMANDS, stdin_is_terminal=sys.stdin.isatty())
        # Not commands.main(): it takes our TruncatedError, an EOFError, for a Ctrl-D.
        with commands.make_context("compressor", words) as context:
            code = commands.invoke(context)
            return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:  # the last to hear of it
        report = context.meta.get(REPORT) if context else None
        if report is None and isinstance(error, OSError) and error.filename is None:
            raise  # no command has begun: it was help or the like, which stdout could not take
        return _say(error, report, argv)


def _say(error: Exception, report: Report | None, argv: list[str]) -> int:
    """Say what ended the run, in the way that was asked for; return the exit code."""
    as_json = "--json" in argv
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "compressor"
        what = error.format_message().rstrip(".")
        error = UsageError(f"{what}; see {command} --help")
    if report is None:  # it was not understood where data goes: stderr is safe
        verbose = 2 if "-vv" in argv else 0
        stream = sys.stderr if as_json else None
        report = Report(json_to=stream, quiet=0, verbose=verbose, progress="none")
    report.fail(error)
    return error.exit_code if isinstance(error, CompressorError) else 1
