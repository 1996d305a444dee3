"""compressor decompress."""

from typing import Any

import click

from compressor.cli import paths
from compressor.cli.options import (
    OUTPUT,
    PATH,
    basing,
    batch,
    limiting,
    refuse_where,
    report_from,
    reporting,
    resources,
    restoring,
    writing,
)
from compressor.cli.paths import STDIN
from compressor.cli.unpacking import Unpacking
from compressor.errors import UsageError


@click.command(
    epilog="Exit codes: 0 done, 1 a problem, 2 wrong usage, 3 some inputs failed or an end was missing, "
    "4 damaged or over a limit, 5 a stage or a base is missing.",
)
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@click.option(
    "-o", "--output", type=OUTPUT, metavar="FILE", help="Where the content of one archive goes."
)
@click.option("-C", "--directory", type=PATH, metavar="DIR", help="Where members go.  [default: .]")
@click.option(
    "-N",
    "--name-stored",
    is_flag=True,
    help="Use the recorded name, not the archive's; gzip and lzop record one, too.",
)
@restoring
@limiting
@basing
@writing
@batch
@resources
@reporting
def decompress(**options: Any) -> int:
    r"""Restore what .cz archives hold, or files of gzip, bzip2, xz, lzma, lz4, zstd, lzop and compress.

    X.cz of one file gives X beside it; an archive of a folder, or of several members, gives each its
    recorded name under -C (`extract` takes some of them). X.gz gives X, X.tgz gives X.tar; what a file is
    its first bytes say. Without a PATH, or for -, stdin is unpacked to stdout.

    \b
      compressor decompress model.bin.cz         model.bin
      compressor decompress all.cz -C restored/  every member
      compressor decompress -c log.cz | grep x
      compressor decompress run.tar.xz           run.tar
      ssh host 'compressor < f' | compressor -d > f
    """
    to_stdout = _to_stdout(options)
    report = report_from(options, data_to_stdout=to_stdout)
    _refuse_contradictions(options, to_stdout=to_stdout)
    inputs = paths.gather(options["inputs"], options["files_from"], zero=options["zero"])
    below = options["directory"] or options["name_stored"]
    if options["output"] and len(inputs) != 1:
        raise UsageError("-o takes the content of one archive")
    paths.note_none(inputs, report)
    if STDIN in inputs and len(inputs) > 1 and not (to_stdout or below):
        raise UsageError("stdin has no name to go by: say where its content goes, with -c or -C")
    return Unpacking(inputs, options, report, to_stdout=to_stdout).run()


def _to_stdout(options: dict[str, Any]) -> bool:
    named = options["output"] or options["directory"] or options["name_stored"]
    piped = paths.is_piped(options) and not named
    return bool(options["to_stdout"] or piped or options["output"] == STDIN)


def _refuse_contradictions(options: dict[str, Any], *, to_stdout: bool) -> None:
    below = options["directory"] or options["name_stored"]
    refuse_where(
        (options["output"] and (options["to_stdout"] or below), "-o excludes -c, -C and -N"),
        (options["to_stdout"] and below, "-c excludes -C and -N"),
        (options["remove"] and options["keep"], "--rm and -k exclude each other"),
        (
            options["remove"] and (to_stdout or paths.is_piped(options)),
            "--rm needs input and output files",
        ),
        (to_stdout and options["sync"], "--sync needs an output file"),
        (to_stdout and options["skip_existing"], "--skip-existing needs an output file"),
    )


COMMAND = decompress
