"""Inputs into archives, as ``compress`` was told: one each, or one of them all."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.source import GrowingSource, widen_pipe
from compressor.cli import naming, paths
from compressor.cli.options import externals_from
from compressor.cli.paths import STDIN
from compressor.cli.progress import Progress
from compressor.cli.report import Report, shown, size
from compressor.cli.sources import stdout_descriptor, write_stdout
from compressor.cli.trees import is_folder, measured, newest_ns, scan_options, tree_of
from compressor.engine import heap
from compressor.engine.live import CLOCK, pack_live
from compressor.engine.nodes import recordable
from compressor.engine.pack import Packer
from compressor.engine.packfile import commit, pack_all
from compressor.engine.packoptions import PIPED_REACH, PackOptions, Sources, reach_of
from compressor.engine.scanning import Tree
from compressor.engine.trees import Tally, pack_tree
from compressor.errors import CompressorError, UsageError
from compressor.stages.base import Bytes
from compressor.tree.inputs import Input, InputError, descriptor_input, open_input
from compressor.tree.outputs import (
    NOTHING,
    DeviceOutput,
    Identity,
    Output,
    make_folder,
    opened_output,
)
from compressor.tree.pagecache import written
from compressor.tree.permissions import access_of
from compressor.tree.walk import ScanOptions


class PackedFiles(Tally):
    """What was packed: files as they were when they were opened."""

    inputs: list[tuple[Path, Input]] = field(default_factory=list)

    def add(self, path: Path, source: Input) -> None:
        """Take down a file, or stdin."""
        self.access.add(access_of(source.stat))
        if path != STDIN:
            self.inputs.append((path, source))
            self.newest_ns = max(self.newest_ns, source.stat.st_mtime_ns)
            self.mtime_ns = self.newest_ns if len(self.inputs) == 1 else None


class Job(Struct, frozen=True):
    """What goes into one archive: ``total`` bytes, where known; ``reach`` and ``alone`` as in PackOptions.

    ``pack`` is told which files are the archive itself, and the one that it replaces.
    """

    pack: Callable[[Packer, frozenset[Identity]], Tally]
    total: int | None
    reach: int | None = 0
    tree: Tree | None = None
    alone: bool = False


class Packing:
    """One run: ``inputs``, packed as ``packing`` says, with the options of the command."""

    def __init__(
        self, inputs: list[Path], packing: PackOptions, options: Mapping[str, Any], report: Report
    ) -> None:
        self._inputs = inputs
        self._packing = packing
        self._options = options
        self._alone = options["reach"] is None  # as one input is: see PackOptions
        self._scanning = scan_options(options)
        self._suffix = naming.SUFFIX
        self._report = report
        self._follow: bool = options["force"]
        files, externals = paths.identities(inputs), externals_from(options)
        self._protected = files | (externals.identities if externals else frozenset())
        folder = next((path for path in inputs if is_folder(path, self._scanning)), None)
        if folder is not None and options["remove"]:
            raise UsageError(f"--rm removes files only; {folder} is a folder")

    # One archive an input

    def each(self) -> None:
        """Give each input an archive of its own; those that are archives are passed over."""
        for path in self._inputs:
            naming.recorded_name(path)
        folder: Path | None = self._options["output_dir"]
        plan = [
            (path, naming.archive_path(path, folder, self._suffix))
            for path in self._inputs
            if not self._skipped(path)
        ]
        naming.refuse_clashes((path, paths.place(target)) for path, target in plan)
        if folder and plan and not self._options["dry_run"]:
            make_folder(folder)
        for path, target in plan:
            with self._report.failing(path):
                self._pack_one(path, target)

    @contextmanager
    def _opened(self, path: Path) -> Iterator[Input]:
        source = self._input(path)
        try:
            yield source
        finally:
            os.close(source.descriptor)

    def _input(self, path: Path) -> Input:
        source = open_input(path, follow=self._follow)
        return replace(source, no_cache=self._scanning.no_cache)

    def _skipped(self, path: Path) -> bool:
        if path.suffix.lower() != naming.SUFFIX or not path.is_file():
            return False
        self._report.note(f"already ends in {naming.SUFFIX}; skipped (-o FILE packs it)", path)
        self._report.succeeded()
        return True

    def _pack_one(self, path: Path, target: Path) -> None:
        if self._up_to_date([path], target):
            return
        whole = is_folder(path, self._scanning)
        if self._options["dry_run"]:
            if not whole:
                paths.check_input(path, follow=self._follow)
            self._plan(path, target)
            return
        if whole:
            self._to_file(target, self._tree_job([Path.cwd() / path], to_file=True))
            return
        with self._opened(path) as source:
            info = _info(naming.recorded_name(path).rpartition(b"/")[2], source)

            def pack(packer: Packer, _archive: frozenset[Identity]) -> Tally:
                packed = PackedFiles()
                packer.add(info, packer.content_of(source))
                self._warn_if_changed(path, source)
                packed.add(path, source)
                return packed

            total = source.stat.st_size if source.regular else None
            self._to_file(target, Job(pack, total, self._reach(total), alone=self._alone))

    def _tree_job(self, inputs: list[Path], *, to_file: bool) -> Job:
        tree = tree_of(inputs, self._scanning, self._report)
        total = tree.size()

        def pack(packer: Packer, archive: frozenset[Identity]) -> Tally:
            return pack_tree(packer, tree, tree.problem, archive)

        return Job(pack, total, self._reach(total, None if to_file else PIPED_REACH), tree)

    def _reach(self, total: int | None, default: int | None = 0) -> int | None:
        return reach_of(self._options["reach"], total, default)

    # One archive of all inputs

    def into_one(self, output: Path | None) -> None:
        """Pack all inputs into one archive: a file, or stdout (None).

        Raises:
            CompressorError: there are none.
        """
        if not self._inputs:
            raise CompressorError("the list of inputs is empty: there is nothing to pack")
        if output and self._inputs != [STDIN] and self._up_to_date(self._inputs, output):
            return
        as_tree = any(is_folder(path, self._scanning) for path in self._inputs)
        if self._inputs != [STDIN]:
            as_tree = as_tree or self._scanning != ScanOptions()
        job = self._trees(output) if as_tree else self._files(output)
        if job is None:
            return
        if output is None:
            self._to_stream(job)
        else:
            self._to_file(output, job)

    def _trees(self, output: Path | None) -> Job | None:
        """Return what is to be packed where folders are among the inputs."""
        usable = [
            path for path in self._inputs if is_folder(path, self._scanning) or self._status(path)
        ]
        if self._options["dry_run"]:
            for path in usable:
                self._plan(path, output)
            return None
        return self._tree_job(usable, to_file=output is not None)

    def _files(self, output: Path | None) -> Job | None:
        """Return what is to be packed where all inputs are files, or stdin."""
        piped = self._inputs == [STDIN]
        members = [(path, naming.recorded_name(path)) for path in self._inputs if path != STDIN]
        naming.refuse_clashes(members)
        found = [(item, self._status(item[0])) for item in members]
        usable = [item for item, status in found if status]
        if not usable and not piped:
            return None
        if self._options["dry_run"]:
            for path in [STDIN] if piped else [path for path, _ in usable]:
                self._plan(path, output)
            return None
        statuses = [os.fstat(0)] if piped else [status for _, status in found if status]
        pack = self._pack_stdin if piped else partial(self._pack_all, usable)
        total = paths.total_size(statuses)
        if piped or len(members) == 1:
            return Job(pack, total, self._reach(total), alone=self._alone)
        return Job(pack, total, self._reach(total, PIPED_REACH if output is None else None))

    def _status(self, path: Path) -> os.stat_result | None:
        """Return what an input is, or None and a report why it can't be packed."""
        with self._report.failing(path):
            return paths.check_input(path, follow=self._follow)
        return None

    def _pack_all(
        self, members: list[tuple[Path, bytes]], packer: Packer, _archive: frozenset[Identity]
    ) -> Tally:
        packed = PackedFiles()
        for path, name in members:
            source = self._open(path)
            if source is None:
                continue
            try:
                packer.add(_info(name, source), packer.content_of(source))
                self._warn_if_changed(path, source)
            except InputError as error:  # half a member can't be taken back: this ends the archive
                raise InputError(f"{path} {error}") from error
            finally:
                os.close(source.descriptor)
            packed.add(path, source)
        if not packed.inputs:
            raise CompressorError("no input is left that could be packed")
        return packed

    def _open(self, path: Path) -> Input | None:
        with self._report.failing(path):
            return self._input(path)
        return None

    def _pack_stdin(self, packer: Packer, _archive: frozenset[Identity]) -> Tally:
        name = self._options["name"]
        info = Entry(naming.recorded_name(Path(name)) if name else b"")
        source = descriptor_input(0)
        widen_pipe(source.descriptor)
        seconds = self._options["flush_after"]
        if seconds is not None:
            pack_live(packer, info, source.descriptor, seconds)
        else:
            packer.add(info, packer.content_of(source))
        packed = PackedFiles()
        if source.regular:
            packed.add(STDIN, source)
        return packed

    # Outputs

    def _up_to_date(self, inputs: list[Path], target: Path) -> bool:
        newest = partial(newest_ns, options=self._scanning)
        if not self._options["skip_existing"] or not paths.is_up_to_date(inputs, target, newest):
            return False
        self._report.note("is there and not older; skipped", target)
        self._report.succeeded()
        return True

    def _plan(self, path: Path, target: Path | None) -> None:
        """Say what would be done, where nothing speaks against it."""
        if target is not None:
            paths.refuse_input(target, self._protected)
            paths.refuse_existing(target, force=self._options["force"])
        output = "stdout" if target is None else str(target)
        line = f"{shown(path)} -> {shown(output)}"
        self._report.output("plan", line, path=str(path), output=output)
        self._report.succeeded()

    def _to_stream(self, job: Job) -> None:
        descriptor = stdout_descriptor()
        self._refuse_terminal(descriptor)
        label = str(self._inputs[0]) if len(self._inputs) == 1 else f"{len(self._inputs)} files"
        self._pack(write_stdout, job, label, None)

    def _to_file(self, target: Path, job: Job) -> None:
        options, remove = self._options, self._options["remove"]
        paths.refuse_input(target, self._protected)
        with opened_output(target, force=options["force"], protected=self._protected) as output:
            self._check(output)
            with written(
                output.descriptor, output.write, no_cache=self._scanning.no_cache
            ) as write:
                packed = self._pack(write, job, str(target), output)
            commit(output, packed, sync=options["sync"] or remove)
        if remove and isinstance(packed, PackedFiles):
            for path, source in packed.inputs:
                self._remove(path, source)

    def _check(self, output: Output | DeviceOutput) -> None:
        if output.is_file:
            return
        self._refuse_terminal(output.descriptor)
        if self._options["remove"]:
            raise UsageError("--rm needs an output that is a file: a device keeps nothing")

    def _refuse_terminal(self, descriptor: int) -> None:
        if not self._options["force"]:
            paths.refuse_terminal(descriptor)

    def _remove(self, path: Path, source: Input) -> None:
        reason = source.remove(path)
        if reason is not None:
            self._report.warn(reason, path)
            self._report.partly()

    def _warn_if_changed(self, path: Path, source: Input) -> None:
        if source.changed():
            self._report.warn("was written to while it was packed", path)
            self._report.partly()

    def _pack(
        self,
        write: Callable[[Bytes], object],
        job: Job,
        label: str,
        output: Output | DeviceOutput | None,
    ) -> Tally:
        progress = self._report.progress(label, job.total)
        try:
            tally = self._fill(write, job, progress, output)
        finally:
            seconds = progress.close()
        self._done(label, tally, seconds)
        return tally

    def _fill(
        self,
        write: Callable[[Bytes], object],
        job: Job,
        progress: Progress,
        output: Output | DeviceOutput | None,
    ) -> Tally:
        file = output if isinstance(output, Output) else None
        archive = file.itself() if file else NOTHING
        within = GrowingSource(file.descriptor) if file else None
        options = self._pack_options(progress, job, within)
        with measured(job.tree, progress) if job.tree else nullcontext():
            return pack_all(
                write,
                options,
                lambda packer: job.pack(packer, archive),
                self._options["label"],
                self._options["time"],
            )

    def _done(self, label: str, tally: Tally, seconds: float) -> None:
        plain, packed = tally.plain_size, tally.packed_size
        percent = f"{100 * packed / plain:.1f} %" if plain else "-"
        line = f"{shown(label)}: {size(plain)} -> {size(packed)}, {percent}, {seconds:.2f} s"
        fields = {"plain_bytes": plain, "packed_bytes": packed, "seconds": round(seconds, 3)}
        self._report.result("packed", line, output=label, **fields)

    def _pack_options(
        self, progress: Progress, job: Job, within: GrowingSource | None
    ) -> PackOptions:
        options = self._options
        for node in self._packing.chain.walk():
            if said := node.info.notice():
                self._report.warn(said, once=True)
        heap.keep_freed(job.total)
        return replace(
            self._packing,
            verify=True if options["remove"] else options["verify"],
            optional=() if options["flush_after"] is None else (CLOCK,),
            plain_limit=job.total,
            reach=job.reach,
            alone=job.alone,
            sources=Sources(within, externals_from(options)),
            progress=progress,
            behind=True,
        )


def _info(name: bytes, source: Input) -> Entry:
    mtime_ns = recordable(source.stat.st_mtime_ns)
    return Entry(name, mtime_ns=mtime_ns, mode=source.stat.st_mode & 0o777)
