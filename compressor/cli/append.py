"""compressor append."""

from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from compressor.cli.coding import coding, packing_from, versioning
from compressor.cli.options import (
    INPUT,
    PATH,
    basing,
    externals_from,
    inside,
    report_from,
    reporting,
    resources,
    scanning,
)
from compressor.cli.report import Report, shown, size
from compressor.cli.trees import measured, scan_options, tree_of
from compressor.engine.append import Appended, AppendOptions, append_version
from compressor.engine.packoptions import Sources
from compressor.tree.inputs import InputError
from compressor.tree.roots import member_name
from compressor.tree.walk import ScanOptions


@click.command(
    epilog="Exit codes: 0 done, 1 a problem, 2 wrong usage, 3 some files were left out, 4 the archive is "
    "damaged.",
)
@click.argument("archive", type=PATH)
@click.argument("inputs", nargs=-1, required=True, type=INPUT, metavar="PATH...")
@click.option(
    "--checksum", is_flag=True, help="Read all files, not only those with a new size or time."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@coding
@versioning
@scanning
@basing
@resources
@reporting
def append(archive: Path, inputs: tuple[Path, ...], **options: Any) -> int:
    r"""Add a version to an archive: what is at and below each PATH now, in place of what was.

    Only what is new is stored; other members stay as they are, and so does what is under a PATH that is not
    there. Earlier versions can be had with --at.

    \b
      compressor append run.cz run/
      compressor append nightly.cz run/ --label 2026-11-22 --exclude '*.tmp'
      compressor versions run.cz
      compressor extract run.cz --at 1
    """
    report = report_from(options)
    externals_from(options)
    options["target"] = Path.cwd() / archive  # before -C takes us elsewhere
    with report.failing(archive), inside(options):
        _append(archive, inputs, options, report)
    return report.exit_code


def _append(
    archive: Path, inputs: tuple[Path, ...], options: dict[str, Any], report: Report
) -> None:
    scanning = scan_options(options)
    inputs = tuple(path for path in inputs if not _refused(path, scanning, report))
    if not inputs:
        return
    tree = tree_of(inputs, scanning, report)
    if missing := tree.missing():
        for path, reason in missing:
            report.fail(reason, path)
        return
    if options["dry_run"]:
        with options["target"].open("r+b"):  # it is there, and may be written to
            pass
        line = f"{', '.join(map(shown, inputs))} -> {shown(archive)}"
        report.output("plan", line, path=[str(path) for path in inputs], output=str(archive))
        report.succeeded()
        return
    progress = report.progress(str(archive), None)
    sources = Sources(externals=externals_from(options))
    packing = replace(packing_from(options, report), reach=None, sources=sources, progress=progress)
    appending = AppendOptions(
        tuple(member_name(path) for path in inputs),
        tree.problem,
        lambda text: report.warn(text, archive),
        tree.unseen,
        checksum=options["checksum"],
        label=options["label"],
        time_ns=options["time"],
        no_cache=options["no_cache"],
    )
    try:
        with measured(tree, progress):
            done = append_version(options["target"], tree, packing, appending)
    finally:
        seconds = progress.close()
    _say(archive, done, seconds, report)


def _refused(path: Path, scanning: ScanOptions, report: Report) -> bool:
    """Refuse a named link, as ``compress`` does: what is in the archive under its name stays."""
    with report.failing(path):
        if path.is_symlink() and not scanning.follow_links:
            raise InputError("is a symbolic link; --follow-links reads it")
        return False
    return True


def _say(archive: Path, done: Appended, seconds: float, report: Report) -> None:
    line = (
        f"{shown(archive)}: version {done.number}, {done.files} files, {done.changed} new or changed, "
        f"{done.removed} removed, {size(done.stored)} added, {seconds:.2f} s"
    )
    report.result(
        "appended",
        line,
        path=str(archive),
        version=done.number,
        files=done.files,
        changed=done.changed,
        removed=done.removed,
        packed_bytes=done.stored,
        seconds=round(seconds, 3),
    )


COMMAND = append
