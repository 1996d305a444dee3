"""Pictures of what `entropy` and `bench` measured, by matplotlib, which the extra `plot` installs."""

import io
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from compressor.cli import paths
from compressor.engine.benchmark import Row
from compressor.engine.entropy import SYMBOLS, Entropy
from compressor.engine.restoring import default_mode
from compressor.errors import UnsupportedError, UsageError
from compressor.tree.outfolders import open_folder
from compressor.tree.outputs import opened_output

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("png", "svg", "pdf")
WIDTH, HEIGHT = 13.0, 5.5  # inches of two panels side by side
OURS, BOUND = "#2a6f97", "#c1121f"
LABEL = {"facecolor": "white", "edgecolor": "none", "pad": 1}
Draw = Callable[["Axes", "Axes"], None]


class Picture:
    """A picture of two panels a row; without a path nothing is drawn.

    Raises:
        UsageError: the name of the file does not end as a picture's does.
        UnsupportedError: matplotlib is missing.
        CompressorError: the file exists, and ``force`` does not hold; or its folder is not there.
    """

    def __init__(self, path: Path | None, *, force: bool) -> None:
        self._path = path
        self._force = force
        self._rows: list[Draw] = []
        if path is None:
            return
        if path.suffix[1:].lower() not in FORMATS:
            raise UsageError(f"--plot {path}: name a file that ends in .{', .'.join(FORMATS)}")
        os.close(open_folder(path))
        paths.refuse_existing(path, force=force)
        if find_spec("matplotlib") is None:  # before anything is measured
            raise UnsupportedError("--plot needs matplotlib: pip install 'compressor-cz[plot]'")

    def add(self, draw: Draw) -> None:
        """Add a row, which ``draw`` draws."""
        self._rows.append(draw)

    def write(self) -> None:
        """Write the picture, if one was asked for and there is something to see."""
        if self._path is None or not self._rows:
            return
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, HEIGHT * len(self._rows)), layout="constrained")
        panels = figure.subplots(len(self._rows), 2, squeeze=False)
        for draw, (left, right) in zip(self._rows, panels, strict=True):
            draw(left, right)
        drawn = io.BytesIO()
        figure.savefig(drawn, format=self._path.suffix[1:].lower(), dpi=120)
        with opened_output(self._path, force=self._force) as output:
            output.write(drawn.getvalue())
            output.commit(mode=default_mode(None), mtime_ns=None, sync=False)


def draw_entropy(
    name: str, found: Entropy, rows: Sequence[Row], left: "Axes", right: "Axes"
) -> None:
    """Draw how often each byte occurs, and what codecs reach beside the entropies' bounds."""
    share = [count / found.plain_size for count in found.counts]
    left.bar(range(SYMBOLS), share, width=1.0, color=OURS)
    left.set(title=name, xlabel="byte", ylabel="share of all bytes", xlim=(-1, SYMBOLS))
    bars = right.barh([row.name for row in rows], [row.ratio for row in rows], color=OURS)
    right.bar_label(bars, fmt="%.3f", padding=3, zorder=3, bbox=LABEL)
    for order, bits in enumerate((found.order0, found.order1)):
        style = "-" if order == 0 else "--"
        label = f"order {order}: {bits:.3f} bits a byte"
        right.axvline(bits / 8, color=BOUND, linestyle=style, label=label)
    right.invert_yaxis()
    right.set(title="packed, by codec", xlabel="share of the data", xlim=(0, 1.15))
    right.legend(loc="lower right")


def draw_frontier(name: str, rows: Sequence[Row], left: "Axes", right: "Axes") -> None:
    """Draw size against speed, in and out; what nothing beats in both is joined by a line.

    What does not pack is left out: beside a copy's speed all others would be one point.
    """
    rows = sorted((row for row in rows if row.ratio < 1), key=lambda row: row.ratio)
    if not rows:
        return
    sides = (
        (left, "in", [row.encode_speed / 1e6 for row in rows]),
        (right, "out", [row.decode_speed / 1e6 for row in rows]),
    )
    for panel, side, speeds in sides:
        points = [(speed, row.ratio) for speed, row in zip(speeds, rows, strict=True)]
        panel.scatter(*zip(*points, strict=True), color=OURS)
        best = frontier(points)
        panel.plot(*zip(*best, strict=True), color=BOUND, linewidth=1)
        for number, (row, point) in enumerate(zip(rows, points, strict=True)):
            place = (5, 4 if number % 2 else -10)  # neighbours in size: one above, one below
            panel.annotate(row.name, point, textcoords="offset points", xytext=place, fontsize=8)
        panel.set(
            title=f"{name}: {side}", xlabel="MB/s, one thread", ylabel="packed, share of the data"
        )
        panel.set_xscale("log")
        panel.margins(x=0.15, y=0.1)
        panel.grid(visible=True, alpha=0.3)


def frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points (speed, size) that no other one is as fast and as small as, the fastest first."""
    best: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda item: (-item[0], item[1])):
        if not best or point[1] < best[-1][1]:
            best.append(point)
    return best
