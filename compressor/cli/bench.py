"""compressor bench."""

import sysconfig
from functools import partial
from pathlib import Path
from typing import Any

import click

from compressor.cli.measuring import left_out, measuring
from compressor.cli.options import PATH, report_from
from compressor.cli.plots import Picture, draw_frontier
from compressor.cli.report import Report, shown, size
from compressor.engine.benchmark import CHAINS, Row, gather, measure
from compressor.errors import UsageError


@click.command()
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@measuring("the usual ones", "the data", "size against speed, in and out")
def bench(inputs: tuple[Path, ...], chains: tuple[str, ...], sample: int, **options: Any) -> int:
    r"""Compare codecs and levels on your own data: ratio, speed both ways, memory.

    In memory, one thread, without files and hashing. Without a PATH: on Python's standard library.

    \b
      compressor bench model.bin
      compressor bench logs/ --codec zstd:level=3 --codec lz4
      compressor bench model.bin --plot frontier.png
    """
    report = report_from(options)
    picture = Picture(options["plot"], force=options["force"])
    paths = inputs or (Path(sysconfig.get_path("stdlib")),)
    data = gather(paths, sample)
    if not data:
        raise UsageError("there is nothing to measure: the data is empty")
    named = ", ".join(map(shown, paths))
    if not options["as_json"]:
        click.echo(f"{size(len(data))} of {named}")
        click.echo(
            f"{'codec':<16}{'ratio':>7}{'in MB/s':>10}{'out MB/s':>10}{'memory':>10}{'block':>10}"
        )
    rows = []
    for row in measure(data, chains or CHAINS):
        if isinstance(row, Row):
            _show(row, report)
            rows.append(row)
        else:
            left_out(report, row, asked=bool(chains))
    if rows:
        report.succeeded()
        picture.add(partial(draw_frontier, named, rows))
    picture.write()
    return report.exit_code


def _show(row: Row, report: Report) -> None:
    report.output(
        "bench",
        f"{row.chain:<16}{row.ratio:>7.3f}{row.encode_speed / 1e6:>10.0f}{row.decode_speed / 1e6:>10.0f}"
        f"{size(row.memory):>10}{size(row.block_size):>10}",
        chain=row.chain,
        ratio=round(row.ratio, 4),
        plain_bytes=row.plain_size,
        packed_bytes=row.packed_size,
        encode_bytes_per_second=round(row.encode_speed),
        decode_bytes_per_second=round(row.decode_speed),
        memory=row.memory,
        block_size=row.block_size,
    )


COMMAND = bench
