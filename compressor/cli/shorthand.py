"""What users of gzip, zstd and tar type by habit, rewritten to verbs."""

import re
from collections.abc import Collection
from pathlib import Path

from compressor.errors import UsageError

ALIASES = {"c": "compress", "d": "decompress", "l": "list", "t": "test"}
VERBS = {
    "-d": "decompress",
    "--decompress": "decompress",
    "--uncompress": "decompress",
    "-t": "test",
    "--test": "test",
    "-l": "list",
    "--list": "list",
    "-z": "compress",
    "--compress": "compress",
}
HIGHEST = 22
"""The highest level of zstd, for those who look for it as ``-22``."""

# -dc, -cd, -kd9: flags and one verb.
_CLUSTER = re.compile(r"-([cfkqvN0-9]*)([dtlz])([A-Za-z0-9]*)$")
_FLAGS = re.compile(r"(-[cfkqvN0-9]+|--(quiet|verbose|json|force|keep|stdout))$")
_LEVEL = re.compile(r"-[0-9]{2,}$")
_GLOBAL = ("-h", "--help", "-V", "--version")


def expand(argv: list[str], commands: Collection[str], *, stdin_is_terminal: bool) -> list[str]:
    """Return ``argv`` with a verb in front.

    Raises:
        UsageError: a level has two digits.
    """
    end = argv.index("--") if "--" in argv else len(argv)
    words, rest = argv[:end], argv[end:]
    _refuse_high_levels(words)
    if not argv:
        return ["--help"] if stdin_is_terminal else ["compress"]
    if not argv[0].startswith("-") or argv[0] == "-" or argv[0] in _GLOBAL:
        return argv
    return _with_verb(words, commands) + rest


def _refuse_high_levels(words: list[str]) -> None:
    for word in words:
        if _LEVEL.match(word):
            beyond = min(int(word.lstrip("-0")[:3] or "0"), HIGHEST)
            raise UsageError(f"levels go from -1 to -9; --codec zstd:level={beyond} goes beyond")


def _with_verb(words: list[str], commands: Collection[str]) -> list[str]:
    flags_only = True
    for place, word in enumerate(words):
        before, after = words[:place], words[place + 1 :]
        known = word in commands or word in ALIASES
        if flags_only and known and not Path(word).exists():
            return [word, *before, *after]
        found = _verb_in(word)
        if found:
            verb, flags = found
            others = [*before, *flags, *after]
            return [verb, *(others if verb == "compress" else _without_levels(others))]
        flags_only = flags_only and bool(_FLAGS.match(word))
    return ["compress", *words]


def _verb_in(word: str) -> tuple[str, list[str]] | None:
    """Return the verb that an option stands for, and the flags that were written together with it."""
    if word in VERBS:
        return VERBS[word], []
    cluster = _CLUSTER.match(word)
    if not cluster:
        return None
    return VERBS[f"-{cluster[2]}"], [f"-{cluster[1]}{cluster[3]}"]


def _without_levels(words: list[str]) -> list[str]:
    """Return ``words`` without levels: ``tar -I 'compressor -9'`` adds ``-d`` where it extracts."""
    kept = []
    for word in words:
        left = re.sub(r"[1-9]", "", word) if _FLAGS.match(word) else word
        if left == word or left != "-":
            kept.append(left)
    return [word for word in kept if word not in ("--fast", "--best")]
