"""Records into streams, one for each field. Format: docs/format/fields.md."""

from collections.abc import Sequence

from compressor.kernels import fields as kernel
from compressor.stages.base import Bytes, Option, StageInfo, ours

LETTERS = "abcdef"
MOST = 4096  # bytes of a field
FIRST = 2  # bytes of the first field where nothing is said, so that the rest has any meaning


class Fields:
    """A stream for each field of a record."""

    def __init__(self, **sizes: int) -> None:
        self._sizes = _given(sizes)

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        """Return the streams, in the order of the fields."""
        return kernel.split(plain, self._sizes)

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        """Return the records again."""
        return kernel.merge(streams, plain_size, self._sizes)


def _given(sizes: dict[str, int]) -> list[int]:
    """Return the sizes of the fields that there are."""
    every = {"a": FIRST} | sizes
    return [every[letter] for letter in LETTERS if every.get(letter)]


def _outputs(**sizes: int) -> int:
    return len(_given(sizes))


STAGE = StageInfo(
    name="fields",
    summary="records, a stream for each field: scales and quants of GGUF, structures",
    make=Fields,
    provider=ours,
    options=(
        Option("a", FIRST, 1, MOST, "bytes of the first field", wire=True),
        *(Option(letter, 0, 0, MOST, "of a further field", wire=True) for letter in LETTERS[1:]),
    ),
    outputs=_outputs(),
    outputs_by=_outputs,
    native=True,
)
