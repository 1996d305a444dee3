"""Stages that run as one: floatsplit whose streams all go to huffman.

The bytes are those of the stages one by one. What the one gave the other is still in the processor's
cache then, and noise is moved only once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, StageInfo

if TYPE_CHECKING:
    from compressor.kernels.floatsplit import Words


class Node(Protocol):
    """What is asked of a chain."""

    @property
    def info(self) -> StageInfo:
        """The stage that stands here."""
        ...

    @property
    def stage(self) -> object:
        """That stage with its options."""
        ...

    @property
    def children(self) -> "Sequence[Node]":
        """What its outputs go to."""
        ...


class Stream(NamedTuple):
    """A stream of a packed block: its plain size, and its packed bytes."""

    plain_size: int
    packed: Bytes


class _Split(Protocol):
    """What is asked of floatsplit."""

    @property
    def words(self) -> "Words":
        """What floats are taken for."""
        ...


def applies(node: Node) -> bool:
    """Say whether a stage and all below it run as one."""
    inner = node.children
    return node.info.name == "floatsplit" and all(child.info.name == "huffman" for child in inner)


def encode(node: Node, plain: Bytes) -> list[Stream]:
    """Return the streams of ``plain``."""
    from compressor.kernels import floatcode  # most runs meet no floats

    words = cast("_Split", node.stage).words
    sizes = floatcode.stream_sizes(len(plain), words[0])
    return [*map(Stream, sizes, floatcode.encode(plain, words))]


def decode(node: Node, streams: Sequence[Stream], plain_size: int) -> bytes | None:
    """Return the ``plain_size`` bytes again; None: only the stages one by one can do it.

    Raises:
        DamagedError: the streams stand for anything else.
    """
    from compressor.kernels import floatcode

    words, parts = _checked(node, streams, plain_size)
    return floatcode.decode(parts, plain_size, words)


def decode_into(node: Node, streams: Sequence[Stream], target: memoryview | bytearray) -> bool:
    """Decode to fill ``target``; False: only the stages one by one can do it.

    Raises:
        DamagedError: the streams stand for anything else.
    """
    from compressor.kernels import floatcode

    words, parts = _checked(node, streams, len(target))
    return floatcode.decode_into(target, parts, words)


def holds(node: Node, streams: Sequence[Stream], plain: Bytes) -> bool | None:
    """Decode, and say whether that gives ``plain``; None: only the stages one by one can do it.

    Raises:
        DamagedError: the streams stand for nothing.
    """
    from compressor.kernels import floatcode

    words, parts = _checked(node, streams, len(plain))
    return floatcode.holds(plain, parts, words)


def _checked(node: Node, streams: Sequence[Stream], plain_size: int) -> "tuple[Words, list[Bytes]]":
    from compressor.kernels import floatcode

    words = cast("_Split", node.stage).words
    if [stream.plain_size for stream in streams] != floatcode.stream_sizes(plain_size, words[0]):
        raise DamagedError("split floats are damaged: a stream has the wrong size (FS-002)")
    return words, [stream.packed for stream in streams]
