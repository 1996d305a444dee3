"""What users of gzip, zstd and tar type by habit, rewritten to verbs."""

import re

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
_CLUSTER = re.compile(r"-([dtlz])([a-zA-Z0-9]+)$")
_LEVEL = re.compile(r"-[0-9]{2,}$")
_GLOBAL = ("-h", "--help", "-V", "--version")


def expand(argv: list[str], *, stdin_is_terminal: bool) -> list[str]:
    """Return ``argv`` with a verb in front.

    Raises:
        UsageError: a level has two digits.
    """
    for word in argv:
        if word == "--":
            break
        if _LEVEL.match(word):
            raise UsageError(f"levels go from -1 to -9; --codec zstd:level={word[1:]} goes beyond")
    if not argv:
        return ["--help"] if stdin_is_terminal else ["compress"]
    if not argv[0].startswith("-") or argv[0] == "-" or argv[0] in _GLOBAL:
        return argv
    return _with_verb(argv)


def _with_verb(argv: list[str]) -> list[str]:
    cluster = _CLUSTER.match(argv[0])
    if cluster:
        return [VERBS[f"-{cluster[1]}"], f"-{cluster[2]}", *argv[1:]]
    for place, word in enumerate(argv):
        if word == "--":
            break
        if word in VERBS:
            return [VERBS[word], *argv[:place], *argv[place + 1 :]]
    return ["compress", *argv]
