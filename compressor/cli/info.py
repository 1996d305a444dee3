"""compressor info."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import click

from compressor.archive.schema import FILE, MAX_COUNT, Base
from compressor.archive.source import Source
from compressor.cli import paths
from compressor.cli.options import PATH, budget, report_from, reporting
from compressor.cli.report import Report, shown, size
from compressor.cli.sources import opened_archive
from compressor.engine.glance import ChainUse, Survey
from compressor.engine.history import told_apart
from compressor.engine.member import KINDS
from compressor.engine.survey import survey
from compressor.errors import CompressorError
from compressor.stages.chain import parse

ANYWHERE = "the whole archive: what a pipe's reader can't keep of it, it needs a file for"
"""How far back the blocks of appended versions may refer, for people."""


@click.command()
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@budget
@reporting
def info(**options: Any) -> int:
    r"""Say what archives are made of: format, plan, members, what was stored once, chains.

    \b
      compressor info model.bin.cz
    """
    report = report_from(options)
    for path in paths.gather(options["inputs"], None, zero=False):
        with report.failing(path):
            with opened_archive(path) as (source, file):
                for found in survey(Source(file), options["memory"]):
                    if found.anything:
                        _show(path, found, report)
                    damage = told_apart(file, found.damage) if source.regular else found.damage
                    for error in damage:
                        report.fail(error, path)
            report.succeeded()
    return report.exit_code


def _show(path: Path, found: Survey, report: Report) -> None:
    facts = {**_head(found), **_totals(found)}
    kinds = _kinds(found)
    chains = [_chain(text, use) for text, use in sorted(found.chains.items())]
    lines = [f"{'path':<16}{shown(path)}"]
    lines += [f"{name.replace('_', ' '):<16}{value}" for name, value in _readable(facts).items()]
    lines += [f"{'kind':<16}{_kind_in_words(kind)}" for kind in kinds]
    together = sorted(_without_columns(found.chains).items())
    lines += [f"{'chain':<16}{_in_words(_chain(text, use))}" for text, use in together]
    bases = [_base(base) for base in found.needed]
    lines += [f"{'needs':<16}{shown(one['name'])}, BLAKE3 {one['blake3']}: --base" for one in bases]
    lists = {"kinds": kinds, "chains": chains, "bases": bases}
    report.output("info", "\n".join(lines), path=str(path), **facts, **lists)


def _without_columns(chains: dict[str, ChainUse]) -> dict[str, ChainUse]:
    """Return chains that differ in the length of rows alone as one: a model has many."""
    found: dict[str, ChainUse] = {}
    for text, use in chains.items():
        one = found.setdefault(re.sub(r":columns=\d+", "", text), ChainUse())
        one.blocks += use.blocks
        one.plain_size += use.plain_size
        one.packed_size += use.packed_size
    return found


def _base(base: Base) -> dict[str, Any]:
    name = os.fsdecode(base.name)
    return {"name": name, "plain_bytes": base.size, "blake3": base.content_hash.hex()}


def _in_words(chain: dict[str, Any]) -> str:
    count = f"{chain['blocks']} block{'s' * (chain['blocks'] != 1)}"
    return f"{shown(chain['chain'])}: {count}, {_sizes(chain)}, by {chain['provider']}"


def _head(found: Survey) -> dict[str, Any]:
    head, version = found.head, found.version
    if head is None:
        return {}
    return {
        "format": f"{head.major}.{head.minor}",
        "features": head.required + head.optional,
        "plan": head.plan,
        "block_size": head.block_size,
        "decode_memory": head.decode_memory,
        "reach": None if head.reach == MAX_COUNT else head.reach,
        "version": version.number if version else None,
        "versions": found.versions,
        "root_hash": version.root_hash.hex() if version else None,
    }


def _totals(found: Survey) -> dict[str, Any]:
    plain = found.plain_size
    return {
        "members": len(found.entries),
        "plain_bytes": plain,
        "packed_bytes": found.size,
        "ratio": _ratio(found.size, plain),
        "taken_bytes": found.taken,
        "stored_bytes": found.stored,
        "dedup_bytes": max(0, found.taken - found.stored),
    }


def _ratio(packed: int, plain: int) -> float | None:
    return round(packed / plain, 4) if plain else None


def _kinds(found: Survey) -> list[dict[str, Any]]:
    """Return how many members there are of each kind, and their bytes."""
    counts = Counter(entry.kind for entry in found.members.values())
    sizes: Counter[int] = Counter()
    for entry in found.members.values():
        sizes[entry.kind] += entry.size
    packed = {kind: found.packed_size(kind) for kind in counts}
    return [
        {
            "kind": KINDS[kind],
            "members": counts[kind],
            "plain_bytes": sizes[kind],
            "packed_bytes": packed[kind],
            "ratio": _ratio(packed[kind], sizes[kind]),
        }
        for kind in sorted(counts)
    ]


def _kind_in_words(kind: dict[str, Any]) -> str:
    sizes = f", {_sizes(kind)}" if kind["kind"] == KINDS[FILE] else ""
    return f"{kind['kind']}: {kind['members']}{sizes}"


def _sizes(counts: dict[str, Any]) -> str:
    """Return plain and packed bytes, and their ratio where there is one."""
    sizes = f"{size(counts['plain_bytes'])} -> {size(counts['packed_bytes'])}"
    return sizes if counts["ratio"] is None else f"{sizes}, {100 * counts['ratio']:.1f} %"


def _readable(facts: dict[str, Any]) -> dict[str, str]:
    others = ("block_size", "decode_memory", "reach")
    lines = {}
    for name, value in facts.items():
        if name == "reach" and not value:
            lines[name] = ANYWHERE if value is None else "none"
        elif (name in others or name.endswith("_bytes")) and value:
            lines[name] = f"{value:,} ({size(value)})"
        else:
            text = ", ".join(value) or "none" if isinstance(value, list) else str(value)
            lines[name] = shown(text)
    return lines


def _chain(text: str, use: ChainUse) -> dict[str, Any]:
    try:
        providers = [node.info.provider() for node in parse(text).walk()]
        provider = ", ".join(dict.fromkeys(f"{item.name} {item.version}" for item in providers))
    except CompressorError:
        provider = "nobody here"
    return {
        "chain": text,
        "blocks": use.blocks,
        "plain_bytes": use.plain_size,
        "packed_bytes": use.packed_size,
        "ratio": _ratio(use.packed_size, use.plain_size),
        "provider": provider,
    }


COMMAND = info
