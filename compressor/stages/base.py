"""What the engine asks of a stage, and how a stage describes itself.

A stage module ends with ``STAGE = StageInfo(...)``; the table in ``compressor.stages`` (or an entry
point of the group ``compressor.stages``) names the module. Nothing else is needed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from compressor import __version__

Bytes = bytes | bytearray | memoryview
"""What goes in and out of stages: one-dimensional, contiguous, unsigned bytes."""


class Ending(Protocol):
    """What all codecs say of themselves. Instances hold only their options: threads share them."""

    @property
    def block_size(self) -> int:
        """The measured best block (bytes of plain data) for these options."""
        ...

    def encode_memory(self, plain_size: int) -> int:
        """Return the bytes that encoding takes at most, the result counted, ``plain`` not."""
        ...

    def decode_memory(self, plain_size: int) -> int:
        """Return the bytes that decoding takes at most, the result counted, ``packed`` not."""
        ...


class Codec(Ending, Protocol):
    """A stage that ends a stream."""

    def encode(self, plain: Bytes) -> Bytes:
        """Return the packed form of ``plain``: the same bytes on every machine."""
        ...

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the ``plain_size`` bytes that ``packed`` stands for.

        ``plain_size`` is the one that was encoded: archives hold it, under a check. A format that leaves
        it out, as huffman's does, may give as many bytes for a wrong one.

        Raises:
            DamagedError: ``packed`` stands for anything else.
        """
        ...


class BasedCodec(Ending, Protocol):
    """A codec that packs bytes as what sets them apart from others, its base, which are as many.

    The chain sees to it that they are. No memory is counted for the base itself: whoever has it, does.
    """

    def encode(self, plain: Bytes, base: Bytes) -> Bytes:
        """Return the packed form of ``plain``: the same bytes on every machine."""
        ...

    def decode(self, packed: Bytes, plain_size: int, base: Bytes) -> Bytes:
        """Return the ``plain_size`` bytes that ``packed`` stands for beside the same ``base``.

        Raises:
            DamagedError: ``packed`` stands for anything else.
        """
        ...


class Filter(Protocol):
    """A stage whose outputs go on to other stages; ``StageInfo.count_outputs`` says how many."""

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        """Return the output streams of ``plain``, always as many."""
        ...

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        """Return the ``plain_size`` bytes that these streams stand for.

        Raises:
            DamagedError: they stand for anything else.
        """
        ...


class Option(Struct, frozen=True):
    """An option of a stage: an integer, ``low <= value <= high``, or one of ``choices`` if any.

    Where there is a ``form``, it says what texts ``fits`` is true of, and these are the values.
    ``wire`` marks those that decoding needs: only they are written into archives.
    """

    name: str
    default: int | str
    low: int
    high: int
    summary: str
    wire: bool = False
    choices: tuple[int, ...] | tuple[str, ...] = ()
    form: str = ""
    fits: Callable[[str], bool] = bool

    def allows(self, value: int | str) -> bool:
        """Tell whether the option may have this value."""
        if self.form:
            return isinstance(value, str) and self.fits(value)
        if self.choices:
            return value in self.choices
        return isinstance(value, int) and self.low <= value <= self.high

    @property
    def allowed(self) -> str:
        """The values it may have, in words."""
        if self.form:
            return self.form
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        return f"a number from {self.low} to {self.high}"


def word_option(
    name: str, default: str, choices: tuple[str, ...], summary: str, *, wire: bool = False
) -> Option:
    """Return an option whose values are words, each of the form of a stage's name."""
    return Option(name, default, 0, 0, summary, wire=wire, choices=choices)


def text_option(
    name: str, default: str, fits: Callable[[str], bool], form: str, summary: str
) -> Option:
    """Return a wire option whose values are texts, each written in one way only; see ``Option``."""
    return Option(name, default, 0, 0, summary, wire=True, form=form, fits=fits)


class Provider(Struct, frozen=True):
    """The library behind a stage; ``version`` is empty where it is missing: see ``hint``."""

    name: str
    version: str
    licence: str
    hint: str = ""


def ours(kernel: str = "") -> Provider:
    """Return what is behind a stage of our own; ``kernel`` is the one that serves on this machine."""
    name = f"compressor ({kernel})" if kernel else "compressor"
    return Provider(name, __version__, "Apache-2.0")


def no_notice() -> str | None:
    """Return nothing: most stages work as their users expect."""
    return None


class StageInfo(Struct, frozen=True):
    """A stage as the table knows it; ``make(**options)`` gives a Codec, a BasedCodec or a Filter.

    ``based`` says that it is a BasedCodec: what knows of a base chooses it, and no one else can.

    ``outputs`` is a filter's number of streams, 0 for a codec. Where a filter's options decide on it,
    that is their number by default, and ``outputs_by(**options)`` gives it for others.
    ``notice`` gives what a user should know before encoding with it here, such as a slow provider.
    """

    name: str
    summary: str
    make: Callable[..., Codec | BasedCodec | Filter]
    provider: Callable[[], Provider]
    options: tuple[Option, ...] = ()
    outputs: int = 0
    native: bool = False
    notice: Callable[[], str | None] = no_notice
    outputs_by: Callable[..., int] | None = None
    based: bool = False

    def count_outputs(self, options: Mapping[str, int | str]) -> int:
        """Return how many chains follow the stage with these options."""
        return self.outputs_by(**options) if self.outputs_by else self.outputs
