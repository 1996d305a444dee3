"""compressor bench."""

import sysconfig
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import click

from compressor.cli.measuring import left_out, measuring
from compressor.cli.options import PATH, Integer, report_from
from compressor.cli.plots import Picture, draw_frontier
from compressor.cli.report import Report, shown, size
from compressor.engine import levelbench
from compressor.engine.benchmark import CHAINS, Row, Sample, gather, measure
from compressor.engine.levelbench import LevelRow, LevelUse

COLUMNS = (
    f"{'level or codec':<16}{'ratio':>7}{'in MB/s':>10}{'out MB/s':>10}{'memory':>10}{'block':>10}"
)


@click.command()
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@click.option(
    "--level",
    "levels",
    multiple=True,
    type=Integer(1, 9),
    help="Try only this; may be repeated.  [default: 1, 3, 5, 7, 9]",
)
@measuring("the usual ones", "the data", "size against speed, in and out")
def bench(inputs: tuple[Path, ...], sample: int, **options: Any) -> int:
    r"""Compare levels and codecs on your own data: ratio, speed both ways, memory.

    In memory, one thread. A level is what `compress` does with the files: tensors by their types, all
    checks included; below stands what became of which bytes. A codec takes all of it as one, as bytes.
    Without a PATH: Python's standard library; - is stdin.

    \b
      compressor bench model.safetensors
      compressor bench logs/ --level 3 --codec zstd:level=3 --codec lz4
      compressor bench model.bin --plot frontier.png
    """
    report = report_from(options)
    picture = Picture(options["plot"], force=options["force"])
    paths = inputs or (Path(sysconfig.get_path("stdlib")),)
    data = gather(paths, sample)
    named = ", ".join(map(shown, paths))
    if not report.as_json:
        report.output("bench", f"{size(sum(map(len, data.files)))} of {named}\n{COLUMNS}")
    rows = _measured(data, options["levels"], options["chains"], report)
    uses = [use for row in rows if isinstance(row, LevelRow) for use in row.uses]
    report.outputs("bench level", uses, _lines, _fields)
    if rows:
        report.succeeded()
        picture.add(partial(draw_frontier, named, rows))
    picture.write()
    return report.exit_code


def _measured(
    data: Sample, levels: tuple[int, ...], codecs: tuple[str, ...], report: Report
) -> list[Row]:
    """Show and return a row for each level and codec; all the usual ones, if none is asked for."""
    asked = bool(levels or codecs)
    rows: list[Row] = []
    found = chain(
        levelbench.measure(data, levels if asked else levelbench.LEVELS),
        measure(data.joined, codecs if asked else CHAINS),
    )
    for row in found:
        if isinstance(row, Row):
            _show(row, report)
            rows.append(row)
        else:
            left_out(report, row, asked=asked)
    return rows


def _show(row: Row, report: Report) -> None:
    report.output(
        "bench",
        f"{row.name:<16}{row.ratio:>7.3f}{row.encode_speed / 1e6:>10.0f}{row.decode_speed / 1e6:>10.0f}"
        f"{size(row.memory):>10}{size(row.block_size):>10}",
        level=row.level if isinstance(row, LevelRow) else None,
        chain=row.chain,
        ratio=round(row.ratio, 4),
        plain_bytes=row.plain_size,
        packed_bytes=row.packed_size,
        encode_bytes_per_second=round(row.encode_speed),
        decode_bytes_per_second=round(row.decode_speed),
        memory=row.memory,
        block_size=row.block_size,
    )


def _lines(uses: Sequence[LevelUse]) -> Iterator[str]:
    """Yield what blocks became, level by level."""
    if uses:
        yield f"{'level':<6}{'packed by':<17}{'ratio':>7}{'plain':>10}{'packed':>10}"
    for use in uses:
        ratio = use.packed_size / use.plain_size
        sizes = f"{size(use.plain_size):>10}{size(use.packed_size):>10}"
        yield f"{-use.level:<6}{use.packed_by:<17}{ratio:>7.3f}{sizes}"


def _fields(use: LevelUse) -> dict[str, Any]:
    return {
        "level": use.level,
        "packed_by": use.packed_by,
        "plain_bytes": use.plain_size,
        "packed_bytes": use.packed_size,
    }


COMMAND = bench
