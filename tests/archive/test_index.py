"""The index of a file that nobody vouches for: reading it ends, and takes what the file is worth."""

import io

import pytest

from compressor.archive.index import RandomSource, indexes
from compressor.errors import DamagedError
from tests.archive.forge import Forge, entry

LEVELS = 7  # of ROOT records: 0 to 6
FAN = 3


def _begun() -> Forge:
    forge = Forge()
    forge.head()
    forge.leaf([entry(b"a", b"", [])], last=True)
    return forge


def _repeating() -> bytes:
    """Each page lists the one below several times."""
    forge = _begun()
    at = forge.leaf_at
    for level in range(LEVELS):
        at = forge.root([[at, b"a", b"a"]] * FAN, level)
    forge.footer()
    return bytes(forge.data)


def _sharing() -> bytes:
    """The pages of a level all list the same ones below."""
    forge = _begun()
    below = [forge.leaf_at]
    for level in range(LEVELS):
        below = [forge.root([[at, b"a", b"a"] for at in below], level) for _ in range(FAN)]
    forge.footer()
    return bytes(forge.data)


@pytest.mark.parametrize("make", [_repeating, _sharing])
def test_no_leaf_is_met_twice_however_pages_list_it(make) -> None:
    [index] = indexes(RandomSource(io.BytesIO(make())))

    with pytest.raises(DamagedError, match="what stands before it"):
        list(index.entries())
    with pytest.raises(DamagedError, match="what stands before it"):
        list(index.leaves(b"a"))
