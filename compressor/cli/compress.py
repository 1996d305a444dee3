"""compressor compress."""

from pathlib import Path
from typing import Any

import click

from compressor.cli import paths
from compressor.cli.coding import coding, packing_from, versioning
from compressor.cli.options import (
    INPUT,
    OUTPUT,
    PATH,
    POSITIVE,
    Size,
    basing,
    batch,
    externals_from,
    inside,
    refuse_where,
    report_from,
    reporting,
    resources,
    scanning,
    together,
    writing,
)
from compressor.cli.packing import Packing
from compressor.cli.paths import STDIN
from compressor.cli.report import Report
from compressor.errors import UsageError
from compressor.formats.table import WRITTEN

packing_options = together(
    click.option("-o", "--output", type=OUTPUT, metavar="FILE", help="One archive of all inputs."),
    click.option("--output-dir", type=PATH, metavar="DIR", help="Where each input's archive goes."),
    click.option("--name", metavar="NAME", help="Name to record for piped input."),
    coding,
    click.option(
        "--flush-after", type=POSITIVE, metavar="SECONDS", help="Let no piped byte wait longer."
    ),
    click.option(
        "--reach",
        type=Size(least=0),
        help="How far back repeats are looked for.  [default: anywhere; to a pipe 256M; in one file tensors]",
    ),
    versioning,
    scanning,
)


@click.command(
    epilog="Levels of bytes are zstd's: -1 1, -2 2, -3 3 (the default), -4 5, -5 7, -6 9, -7 12, -8 19; "
    "--fast is -3. -9 is lzma, or bz2 or zstd where these are smaller: slow to read, too. Tensors and "
    "arrays are packed by their type at every level, smaller from -5 on, smallest (and slowly) from -7 on. "
    "Codecs: `compressor codecs`. Exit codes: 0 done, 1 a problem, 2 wrong usage, 3 some inputs failed.",
)
@click.argument("inputs", nargs=-1, type=INPUT, metavar="[PATH]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(WRITTEN),
    help="Write what gzip, bzip2, xz, lz4, zstd, lzop or compress read, not an archive.",
)
@packing_options
@basing
@writing
@batch
@resources
@reporting
def compress(**options: Any) -> int:
    r"""Pack files, folders, or stdin, into .cz archives.

    Each PATH gets an archive beside it; with -o all go into one. Without a PATH, or for -, stdin is
    packed to stdout. `append` adds a later state of the same folders.

    \b
      compressor compress model.bin              model.bin.cz
      compressor compress run/                   run.cz, the whole folder
      compressor compress -9 -o all.cz a b c     one archive of three
      tar c run | compressor compress > run.tar.cz
      compressor compress --codec lz4 big.log    fast
      compressor compress --format gz -9 log     log.gz, for those who have gzip
      find . -name '*.npy' -print0 | compressor compress --files-from - -0
    """
    to_stdout = _to_stdout(options)
    report = report_from(options, data_to_stdout=to_stdout)
    _refuse_contradictions(options, to_stdout=to_stdout)
    externals_from(options)  # before -C takes us elsewhere
    inputs = paths.gather(
        options["inputs"], options["files_from"], options["directory"], zero=options["zero"]
    )
    if STDIN in inputs and len(inputs) > 1:
        raise UsageError("stdin can't be packed together with files: pack it alone")
    with inside(options):
        packing = _packing(inputs, options, report)
        if to_stdout or options["output"]:
            packing.into_one(None if to_stdout else options["output"])
        else:
            paths.note_none(inputs, report)
            packing.each()
    return report.exit_code


def _packing(inputs: list[Path], options: dict[str, Any], report: Report) -> Packing:
    if options["form"] is None:
        return Packing(inputs, packing_from(options, report), options, report)
    from compressor.cli.foreignpacking import ForeignPacking  # for those who ask for it

    return ForeignPacking(inputs, options, report)


def _to_stdout(options: dict[str, Any]) -> bool:
    output: Path | None = options["output"]
    piped = paths.is_piped(options) and output is None
    return bool(options["to_stdout"] or piped or output == STDIN)


def _refuse_contradictions(options: dict[str, Any], *, to_stdout: bool) -> None:
    piped = paths.is_piped(options)
    refuse_where(
        (options["output"] and options["to_stdout"], "-o and -c exclude each other"),
        (
            options["output_dir"] and (options["output"] or to_stdout),
            "--output-dir is for one archive an input; it excludes -o and -c",
        ),
        (options["remove"] and options["keep"], "--rm and -k exclude each other"),
        (
            options["remove"] and (to_stdout or piped),
            "--rm needs input and output files: what goes to stdout is nobody's yet",
        ),
        (to_stdout and options["sync"], "--sync needs an output file"),
        (to_stdout and options["skip_existing"], "--skip-existing needs an output file"),
        (not piped and options["name"] is not None, "--name is for piped input"),
        (not piped and options["flush_after"] is not None, "--flush-after is for piped input"),
        (
            options["flush_after"] is not None and options["dtype"] is not None,
            "--flush-after takes bytes as they come; --dtype needs whole blocks",
        ),
    )


COMMAND = compress
