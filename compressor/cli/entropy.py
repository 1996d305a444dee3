"""compressor entropy."""

from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import click

from compressor.cli.measuring import left_out, measuring
from compressor.cli.options import PATH, report_from
from compressor.cli.plots import Picture, draw_entropy
from compressor.cli.report import Report, shown, size
from compressor.engine import levelbench
from compressor.engine.benchmark import Row, gather
from compressor.engine.benchmark import measure as try_codecs
from compressor.engine.entropy import Entropy, codecs, measure
from compressor.engine.levelbench import LevelRow

LEVELS = (3, 9)


@click.command()
@click.argument("inputs", nargs=-1, type=PATH, required=True, metavar="PATH...")
@measuring(
    "levels 3 and 9, and every codec",
    "each PATH",
    "how often each byte occurs, and what codecs reach",
)
def entropy(inputs: tuple[Path, ...], chains: tuple[str, ...], **options: Any) -> int:
    r"""Say how small data could be by its statistics, and how near to that codecs come.

    Order 0 takes bytes one by one, order 1 each with the one before it. Codecs that find repeats can go
    below both, and so can levels 3 and 9 of `compress`, which take tensors by their types (`bench` tries
    any level). Of a folder the files are taken one after the other; - is stdin.

    \b
      compressor entropy model.bin
      compressor entropy logs/ --codec huffman --codec lzw
      compressor entropy data.csv --plot data.png
    """
    report = report_from(options)
    picture = Picture(options["plot"], force=options["force"])
    for path in inputs:
        with report.failing(path):
            found, rows = _look(path, chains, options["sample"], report)
            picture.add(partial(draw_entropy, shown(path), found, rows))
    picture.write()
    return report.exit_code


def _look(
    path: Path, chains: tuple[str, ...], sample: int, report: Report
) -> tuple[Entropy, list[Row]]:
    data = gather([path], sample)
    plain = data.joined
    found = measure(plain)
    _show(path, found, report, "codec" if chains else "level or codec")
    rows = []
    levels = () if chains else LEVELS
    for row in chain(levelbench.measure(data, levels), try_codecs(plain, chains or codecs())):
        if isinstance(row, Row):
            _show_codec(path, found, row, report)
            rows.append(row)
        else:
            left_out(report, row, asked=bool(chains))
    report.succeeded()
    return found, rows


def _show(path: Path, found: Entropy, report: Report, tried: str) -> None:
    bounds = [found.bound(found.order0), found.bound(found.order1)]
    lines = [f"{shown(path)}: {size(found.plain_size)}"]
    lines += [f"{'':<16}{'bits a byte':>12}{'bound':>10}{'of all':>8}"]
    for order, (bits, bound) in enumerate(zip((found.order0, found.order1), bounds, strict=True)):
        share = bound / found.plain_size
        lines.append(f"{f'order {order}':<16}{bits:>12.4f}{size(bound):>10}{share:>8.4f}")
    lines.append(f"{tried:<16}{'':>12}{'packed':>10}{'of all':>8}{'by order 0':>12}")
    report.output(
        "entropy",
        "\n".join(lines),
        path=str(path),
        plain_bytes=found.plain_size,
        order0_bits=round(found.order0, 6),
        order1_bits=round(found.order1, 6),
        order0_bytes=bounds[0],
        order1_bytes=bounds[1],
    )


def _show_codec(path: Path, found: Entropy, row: Row, report: Report) -> None:
    bound = found.bound(found.order0)
    by_bound = f"{row.packed_size / bound:.3f}" if bound else "-"
    report.output(
        "entropy codec",
        f"{row.name:<16}{'':>12}{size(row.packed_size):>10}{row.ratio:>8.4f}{by_bound:>12}",
        path=str(path),
        level=row.level if isinstance(row, LevelRow) else None,
        chain=row.chain,
        packed_bytes=row.packed_size,
        ratio=round(row.ratio, 4),
    )


COMMAND = entropy
