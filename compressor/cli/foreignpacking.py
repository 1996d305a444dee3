"""Inputs into other programs' files, as ``compress --format`` was told."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from compressor.cli.coding import level_from
from compressor.cli.packing import Job, Packing
from compressor.cli.progress import Progress
from compressor.cli.report import Report
from compressor.cli.trees import is_folder
from compressor.engine.foreignpack import ForeignOptions, ForeignPacker
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.engine.trees import Tally
from compressor.errors import UsageError
from compressor.formats.base import Format
from compressor.formats.table import format_by_name, without_ending, writing_of
from compressor.formats.writing import Writing
from compressor.plan.levels import chain_for
from compressor.stages.base import Bytes
from compressor.tree.outputs import DeviceOutput, Output

ONLY_ARCHIVES = (
    "codec", "dtype", "block_size", "solid_size", "flush_after", "name", "reach", "label", "time",
    "bases", "exclude", "exclude_from", "exclude_caches", "one_file_system", "follow_links",
    "specials", "numeric_owner",
)  # fmt: skip
"""Options of ``compress`` that say what other programs' files have no place for."""


class ForeignPacking(Packing):
    """One run: each input into a file of its own, or all in a row into one."""

    def __init__(self, inputs: list[Path], options: Mapping[str, Any], report: Report) -> None:
        self._refuse_options(options)
        self._format: Format = format_by_name(options["form"])
        self._writing: Writing = writing_of(options["form"])
        super().__init__(inputs, PackOptions(chain_for(None, None)), options, report)
        self._suffix = self._format.suffix
        self._level = level_from(options)
        one = options["output"] or options["to_stdout"]
        if one and len(inputs) > 1 and not self._writing.joins:
            raise UsageError(f"{self._suffix} files can't be put in a row: one input at a time")
        folder = next((path for path in inputs if is_folder(path, self._scanning)), None)
        if folder is not None:
            raise UsageError(
                f"{folder} is a folder, and --format packs files: "
                f"tar -c {folder} | compressor --format {options['form']}"
            )

    @staticmethod
    def _refuse_options(options: Mapping[str, Any]) -> None:
        for name in ONLY_ARCHIVES:
            if options[name] not in (None, (), "", False):
                spelled = "base" if name == "bases" else name.replace("_", "-")
                raise UsageError(f"--{spelled} is for archives; leave it out, or --format")

    def _skipped(self, path: Path) -> bool:
        endings = self._format.endings
        ending = next((end for end in endings if without_ending(path.name, end)), None)
        if ending is None or not path.is_file():
            return False
        self._report.note(f"already ends in {ending}; skipped (-o FILE packs it)", path)
        self._report.succeeded()
        return True

    def _fill(
        self,
        write: Callable[[Bytes], object],
        job: Job,
        progress: Progress,
        output: Output | DeviceOutput | None,
    ) -> Tally:
        options = self._options
        verify = options["verify"] or options["remove"]
        if verify and not isinstance(output, Output):
            raise UsageError("--verify reads what was written: it needs an output file")
        if said := self._writing.notice():
            self._report.warn(said, once=True)
        packer = ForeignPacker(
            write,
            ForeignOptions(
                self._format,
                self._writing,
                self._level,
                options["threads"],
                options["memory"],
                progress,
            ),
        )
        try:
            # It has what a job of files asks of a packer; jobs of folders were refused.
            tally = job.pack(cast("Packer", packer), frozenset())
        finally:
            packer.close()
        tally.plain_size, tally.packed_size = packer.plain_size, packer.packed_size
        if verify and isinstance(output, Output):
            with output.reading() as file:
                packer.verify(file)
        return tally
