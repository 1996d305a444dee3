"""What users of gzip, zstd and tar type by habit, as verbs."""

import pytest

from compressor.cli import COMMANDS
from compressor.cli.shorthand import expand
from compressor.errors import UsageError


def expanded(text: str, *, terminal: bool = False) -> str:
    return " ".join(expand(text.split(), COMMANDS, stdin_is_terminal=terminal))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("-d x.cz", "decompress x.cz"),
        ("-dc x.cz", "decompress -c x.cz"),
        ("-cd x.cz", "decompress -c x.cz"),
        ("-kdf x.cz", "decompress -kf x.cz"),
        ("-c -d x.cz", "decompress -c x.cz"),
        ("-T2 -dc x.cz", "decompress -T2 -c x.cz"),
        ("-t x.cz", "test x.cz"),
        ("-tv x.cz", "test -v x.cz"),
        ("-l x.cz", "list x.cz"),
        ("-z x", "compress x"),
        ("-9 x", "compress -9 x"),
        ("-zc9 x", "compress -c9 x"),
        ("--decompress x.cz", "decompress x.cz"),
        ("-q list x.cz", "list -q x.cz"),
        ("-q t x.cz", "t -q x.cz"),
        ("-- -d", "compress -- -d"),
        ("-", "-"),
        ("list x.cz -d", "list x.cz -d"),
    ],
)
def test_options_in_front_become_a_verb(typed: str, meant: str) -> None:
    assert expanded(typed) == meant


@pytest.mark.parametrize("typed", ["-9 -d", "-d -9", "-d9", "-9d", "--best -d", "--fast -d"])
def test_levels_mean_nothing_to_decompress(typed: str) -> None:
    assert expanded(typed) == "decompress"  # `tar -I 'compressor -9' -xf`


def test_stdin_stays_an_input_of_decompress() -> None:
    assert expanded("-d - -9") == "decompress -"


def test_nothing_at_all_packs_a_pipe_and_helps_a_terminal() -> None:
    assert expanded("") == "compress"
    assert expanded("", terminal=True) == "--help"


@pytest.mark.parametrize("typed", ["-19", "compress -19 x", "-c -22 x"])
def test_a_level_of_two_digits_names_the_codec(typed: str) -> None:
    with pytest.raises(UsageError, match=r"--codec zstd:level=\d\d goes beyond"):
        expanded(typed)


def test_what_looks_like_a_level_may_be_a_file() -> None:
    assert expanded("compress -- -19") == "compress -- -19"
