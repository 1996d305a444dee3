"""What commands that measure codecs on a user's data have in common: options, and what is said of a codec."""

import click

from compressor.cli import completion
from compressor.cli.options import OUTPUT, Decorator, Size, reporting, together
from compressor.cli.report import Report
from compressor.engine.benchmark import SAMPLE
from compressor.errors import CompressorError


def measuring(codecs: str, sampled: str, drawn: str) -> Decorator:
    """Return the options of such a command.

    ``codecs`` says which it tries, ``sampled`` what it takes a sample of, ``drawn`` what --plot draws.
    """
    return together(
        click.option(
            "--codec",
            "chains",
            multiple=True,
            metavar="CHAIN",
            help=f"Try only this; may be repeated.  [default: {codecs}]",
            shell_complete=completion.codecs,
        ),
        click.option(
            "--sample",
            type=Size(),
            default=SAMPLE,
            help=f"Bytes of {sampled} to take.  [default: 64M]",
        ),
        click.option(
            "--plot",
            type=OUTPUT,
            metavar="FILE",
            help=f"Draw {drawn}, to FILE: .png, .svg or .pdf.",
        ),
        click.option("-f", "--force", is_flag=True, help="Overwrite FILE."),
        reporting,
    )


def left_out(report: Report, row: tuple[str, CompressorError], *, asked: bool) -> None:
    """Say why a codec was not tried: an error where it was asked for."""
    name, error = row
    if asked:
        report.fail(error, name)
    else:
        report.note(f"left out: {error.at_shell()}", name)
