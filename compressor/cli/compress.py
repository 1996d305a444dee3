"""compressor compress."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from compressor.archive.source import widen_pipe
from compressor.cli import naming, paths
from compressor.cli.options import (
    PATH,
    Size,
    batch,
    report_from,
    reporting,
    resources,
    together,
    writing,
)
from compressor.cli.paths import STDIN
from compressor.cli.report import Progress, size
from compressor.engine.levels import chain_for
from compressor.engine.live import CLOCK, pack_live
from compressor.engine.pack import Info, Packer, PackOptions
from compressor.errors import CompressorError, UsageError
from compressor.stages.base import Bytes
from compressor.tree.inputs import Input, descriptor_input, open_input
from compressor.tree.outputs import opened_output, umask, write_full

packing = together(
    click.option("-o", "--output", type=PATH, metavar="FILE", help="One archive of all inputs."),
    click.option("--output-dir", type=PATH, metavar="DIR", help="Where each input's archive goes."),
    click.option("--name", metavar="NAME", help="Name to record for piped input."),
    click.option("--codec", metavar="CHAIN", help="A codec with options, such as zstd:level=19."),
    *(
        click.option(f"-{level}", "level", flag_value=level, type=int, hidden=level not in (1, 9))
        for level in range(1, 10)
    ),
    click.option("--level", type=click.IntRange(1, 9), help="The same as -1 to -9."),
    click.option("--fast", "level", flag_value=0, type=int, help="Faster than -1."),
    click.option("--best", "level", flag_value=9, type=int, help="The same as -9."),
    click.option("--block-size", type=Size(), help="Bytes that are packed, and read back, as one."),
    click.option(
        "--verify/--no-verify", default=None, help="Decode each block before it is written."
    ),
    click.option(
        "--flush-after", type=float, metavar="SECONDS", help="Let no piped byte wait longer."
    ),
)


Packed = list[tuple[Path, Input]]
"""The inputs that were packed, as they were when they were opened."""


@click.command(
    epilog="Levels are zstd's for now: -1 1, -2 2, -3 3 (the default), -4 5, -5 7, -6 9, -7 12, -8 16, "
    "-9 19; --fast is -3. Codecs: `compressor codecs`. Exit codes: 0 done, 1 a problem, 2 wrong usage, "
    "3 some inputs failed.",
)
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@packing
@writing
@batch
@resources
@reporting
def compress(**options: Any) -> int:
    r"""Pack files, or stdin, into .cz archives.

    Each PATH gets an archive beside it; with -o all go into one. Without a PATH, or for -, stdin is
    packed to stdout.

    \b
      compressor compress model.bin              model.bin.cz
      compressor compress -9 -o all.cz a b c     one archive of three
      tar c run | compressor compress > run.tar.cz
      compressor compress --codec lz4 big.log    fast
      find . -name '*.npy' -print0 | compressor compress --files-from - -0
    """
    return _Run(options).run()


class _Run:
    """One call of the command."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._inputs = paths.gather(options["inputs"], options["files_from"], zero=options["zero"])
        self._output: Path | None = options["output"]
        piped = self._inputs == [STDIN] and self._output is None
        self._to_stdout = options["to_stdout"] or piped or self._output == STDIN
        self._report = report_from(options, data_to_stdout=self._to_stdout)
        self._follow: bool = options["force"]
        self._chain = chain_for(options["codec"], options["level"])
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        options = self._options
        if options["remove"] and self._to_stdout:
            raise UsageError("--rm needs an output file: what goes to stdout is nobody's yet")
        if options["remove"] and options["keep"]:
            raise UsageError("--rm and -k exclude each other")
        if options["output_dir"] and (self._output or self._to_stdout):
            raise UsageError("--output-dir is for one archive an input; it excludes -o and -c")
        if self._output and options["to_stdout"]:
            raise UsageError("-o and -c exclude each other")
        if options["name"] is not None and self._inputs != [STDIN]:
            raise UsageError("--name is for piped input")
        if options["flush_after"] is not None and self._inputs != [STDIN]:
            raise UsageError("--flush-after is for piped input")
        if STDIN in self._inputs and len(self._inputs) > 1:
            raise UsageError("stdin can't be packed together with files: pack it alone")

    def run(self) -> int:
        if self._to_stdout or self._output:
            self._into_one()
        else:
            self._each()
        return self._report.exit_code

    # One archive an input

    def _each(self) -> None:
        folder = self._options["output_dir"]
        targets = [(path, naming.archive_path(path, folder)) for path in self._inputs]
        naming.refuse_clashes(targets)
        if folder and not self._options["dry_run"]:
            folder.mkdir(parents=True, exist_ok=True)
        for path, target in targets:
            if path.suffix == naming.SUFFIX:
                self._report.note("already ends in .cz; skipped", path)
                continue
            try:
                self._pack_one(path, target)
            except (CompressorError, OSError) as error:
                self._report.fail(error, path)

    def _pack_one(self, path: Path, target: Path) -> None:
        if self._options["skip_existing"] and paths.is_up_to_date(path, target):
            self._report.note("has an output that is not older; skipped", path)
            return
        with _opened(path, follow=self._follow) as source:
            paths.refuse_same_file(path, target)
            if self._options["dry_run"]:
                self._report.output(
                    "plan", f"{path} -> {target}", path=str(path), output=str(target)
                )
                return
            info = _info(naming.last_component(path), source)

            def pack(packer: Packer) -> Packed:
                packer.add(info, source.pieces(packer.block_size))
                return [(path, source)]

            self._to_file(target, source.stat.st_size or None, pack)

    # One archive of all inputs

    def _into_one(self) -> None:
        members = [(path, naming.recorded_name(path)) for path in self._inputs if path != STDIN]
        naming.refuse_clashes(members)
        sizes = {path: self._usable_size(path) for path, _ in members}
        members = [item for item in members if sizes[item[0]] is not None]
        total = sum(size or 0 for size in sizes.values()) or None
        if not members and self._inputs != [STDIN]:
            return
        pack = self._pack_stdin if self._inputs == [STDIN] else partial(self._pack_all, members)
        if self._options["dry_run"]:
            for path, _ in members:
                self._report.output("plan", f"{path} -> {self._output}", path=str(path))
        elif self._to_stdout:
            self._to_stream(pack)
        else:
            self._to_file(self._output or STDIN, total, pack)

    def _usable_size(self, path: Path) -> int | None:
        """Return the size of an input, or None and a report why it can't be packed."""
        try:
            status = paths.check_input(path, follow=self._follow)
            if self._output:
                paths.refuse_same_file(path, self._output)
        except (CompressorError, OSError) as error:
            self._report.fail(error, path)
            return None
        return status.st_size

    def _pack_all(self, members: list[tuple[Path, bytes]], packer: Packer) -> Packed:
        packed = []
        for path, name in members:
            with ExitStack() as stack:
                try:
                    source = stack.enter_context(_opened(path, follow=self._follow))
                except (CompressorError, OSError) as error:
                    self._report.fail(error, path)
                    continue
                packer.add(_info(name, source), source.pieces(packer.block_size))
                packed.append((path, source))
        return packed

    def _pack_stdin(self, packer: Packer) -> Packed:
        info = Info(os.fsencode(self._options["name"] or ""))
        source = descriptor_input(sys.stdin.fileno(), "stdin")
        widen_pipe(source.descriptor)
        seconds = self._options["flush_after"]
        if seconds is not None:
            pack_live(packer, info, source.descriptor, seconds)
        else:
            packer.add(info, source.pieces(packer.block_size))
        return []

    # Outputs

    def _to_stream(self, pack: Callable[[Packer], Packed]) -> None:
        descriptor = sys.stdout.fileno()
        if not self._options["force"]:
            paths.refuse_terminal(descriptor)
        label = str(self._inputs[0]) if len(self._inputs) == 1 else f"{len(self._inputs)} files"
        self._pack(lambda data: write_full(descriptor, data), pack, label, None)

    def _to_file(self, target: Path, total: int | None, pack: Callable[[Packer], Packed]) -> None:
        options = self._options
        with opened_output(target, force=options["force"]) as output:
            packed = self._pack(output.write, pack, str(target), total)
            mode = 0o666 & ~umask()
            for _, source in packed:
                mode &= source.stat.st_mode
            mtime_ns = packed[0][1].stat.st_mtime_ns if len(packed) == 1 else None
            output.commit(mode=mode, mtime_ns=mtime_ns, sync=options["sync"] or options["remove"])
        if options["remove"]:
            for path, source in packed:
                self._remove(path, source)

    def _remove(self, path: Path, source: Input) -> None:
        if not source.remove(path):
            self._report.warn("changed while it was packed; it is kept", path)
            self._report.partly()

    def _pack(
        self,
        write: Callable[[Bytes], object],
        pack: Callable[[Packer], Packed],
        label: str,
        total: int | None,
    ) -> Packed:
        progress = self._report.progress(label, total)
        packer = Packer(write, self._pack_options(progress))
        try:
            packed = pack(packer)
            packer.finish()
        finally:
            packer.close()
            seconds = progress.close()
        self._done(label, packer, seconds)
        return packed

    def _done(self, label: str, packer: Packer, seconds: float) -> None:
        plain, packed = packer.plain_size, packer.packed_size
        percent = f"{100 * packed / plain:.1f} %" if plain else "-"
        line = f"{label}: {size(plain)} -> {size(packed)}, {percent}, {seconds:.2f} s"
        fields = {"plain_bytes": plain, "packed_bytes": packed, "seconds": round(seconds, 3)}
        self._report.result("packed", line, output=label, **fields)

    def _pack_options(self, progress: Progress) -> PackOptions:
        options = self._options
        live = options["flush_after"] is not None
        return PackOptions(
            chain=self._chain,
            block_size=options["block_size"],
            threads=options["threads"],
            memory=options["memory"],
            verify=True if options["remove"] else options["verify"],
            optional=(CLOCK,) if live else (),
            warn=self._report.warn,
            progress=progress,
        )


@contextmanager
def _opened(path: Path, *, follow: bool) -> Iterator[Input]:
    source = open_input(path, follow=follow)
    try:
        yield source
    finally:
        os.close(source.descriptor)


def _info(name: bytes, source: Input) -> Info:
    return Info(name, source.stat.st_mtime_ns, source.stat.st_mode & 0o777)


COMMAND = compress
