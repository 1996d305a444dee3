"""Chains: trees of stages, as text and applied to bytes. Format: docs/format/archive.md, Chains.

    chain  = stage [ ">" chain | "(" chain *( "," chain ) ")" ]
    stage  = name *( ":" option )
    option = key "=" ( integer | word | text )

``zstd:level=9``, ``delta:width=4 > zstd``, ``floatsplit:dtype=bf16(huffman, store)``. ``a > b`` is
``a(b)``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import cast

from msgspec import Struct

from compressor.errors import ChainError, DamagedError, UnsupportedError, UsageError
from compressor.stages import TABLE, fused, stage_by_name
from compressor.stages.base import BasedCodec, Bytes, Codec, Ending, Filter, Option, StageInfo
from compressor.stages.fused import Stream
from compressor.stages.layout import Layout, layout_of

MAX_TEXT = 1024  # characters; longer chains are refused before they are parsed
MAX_DEPTH = 8  # stages from the bytes to a codec, both ends counted
MAX_STAGES = 32  # in one chain
STREAM_FACTOR = 2  # a level's streams together may be so much larger than the block
STREAM_SLACK = 4096  # bytes; and for their headers, all levels together, that much more

_TOKEN = re.compile(r"\s*([a-z][a-z0-9_-]*|[:=>(),]|-?[0-9]+)\s*")
_TEXT = re.compile(r"\s*([A-Za-z0-9+./_%-]+|[:=>(),])\s*")  # where an option takes texts


@dataclass(frozen=True, slots=True)
class Chain:
    """One stage with its options, and the chains that its outputs go to (none for a codec).

    Two chains are equal where their texts are.
    """

    info: StageInfo
    options: tuple[tuple[str, int | str], ...]
    stage: Codec | BasedCodec | Filter = field(compare=False)
    children: tuple["Chain", ...] = ()
    layout: Layout = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note the layout."""
        object.__setattr__(self, "layout", layout_of(self))

    def __str__(self) -> str:
        """Return the canonical text, with the options that were given."""
        return self._text(self.options, [str(child) for child in self.children])

    @property
    def wire(self) -> str:
        """The text in archives: what decoding needs alone, defaults too: so those may change."""
        given = dict(self.options)
        needed = [option for option in self.info.options if option.wire]
        values = [(option.name, given.get(option.name, option.default)) for option in needed]
        return self._text(values, [child.wire for child in self.children])

    def _text(self, options: Sequence[tuple[str, int | str]], children: Sequence[str]) -> str:
        own = ":".join([self.info.name, *(f"{key}={value}" for key, value in options)])
        return f"{own}({','.join(children)})" if children else own

    def walk(self) -> Iterator["Chain"]:
        """Yield this node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> list[Ending]:
        """Return the codecs, in the order in which their outputs are stored."""
        return [cast("Ending", node.stage) for node in self.walk() if not node.children]

    @property
    def native(self) -> bool:
        """Whether any stage is our own or a plug-in's, so that its work is verified by default."""
        return any(node.info.native or node.info.name not in TABLE for node in self.walk())

    @property
    def based(self) -> bool:
        """Whether it packs and unpacks beside a base alone: a lone codec then."""
        return self.info.based

    @property
    def block_size(self) -> int:
        """The smallest block that any of the codecs asks for (bytes of plain data)."""
        return min(leaf.block_size for leaf in self.leaves())

    def encode_memory(self, plain_size: int) -> int:
        """Return the bytes that encoding a block takes at most, itself and its base not counted."""
        work = max(leaf.encode_memory(plain_size) for leaf in self.leaves())
        return work + self.stream_memory(plain_size)

    def decode_memory(self, plain_size: int) -> int:
        """Return the bytes that decoding a block takes at most, packed bytes and base not counted."""
        work = max(leaf.decode_memory(plain_size) for leaf in self.leaves())
        return work + self.stream_memory(plain_size)

    def stream_memory(self, plain_size: int) -> int:
        """Return the bytes that all streams between the stages may have together."""
        depth = self.layout.depth
        return depth and STREAM_FACTOR * plain_size * depth + STREAM_SLACK


class Encoded(Struct, frozen=True):
    """A packed block: ``sizes`` as ``encode`` says, ``parts`` the codecs' outputs in order."""

    sizes: tuple[int, ...]
    parts: tuple[Bytes, ...]

    @property
    def packed_size(self) -> int:
        """Bytes of all parts together."""
        return sum(len(part) for part in self.parts)


def encode(chain: Chain, plain: Bytes, base: Bytes | None = None) -> Encoded:
    """Apply ``chain`` to ``plain``; ``base`` is for a chain that is based, and as long as ``plain``.

    ``sizes`` tells what a decoder can't know: for a lone codec nothing; else for each stage but the
    first, parents first, its plain size, and for each codec its packed size right after.

    Raises:
        UnsupportedError: the streams of its filters are larger than a decoder would allow.
        UsageError: the chain is based, and there is no base of this size.
    """
    if chain.based:
        if base is None or len(base) != len(plain):
            raise UsageError(f"{chain} needs a base of {len(plain)} bytes")
        return Encoded((), (cast("BasedCodec", chain.stage).encode(plain, base),))
    encoded = _encode(chain, plain)
    streams = sum([encoded.sizes[at] for at in chain.layout.plain])
    if streams > chain.stream_memory(len(plain)):
        raise UnsupportedError(f"the filters of {chain} make too much of {len(plain)} bytes")
    return encoded


def _encode(chain: Chain, plain: Bytes) -> Encoded:
    if not chain.children:
        return Encoded((), (cast("Codec", chain.stage).encode(plain),))
    if chain.layout.fused:
        found = fused.encode(chain, plain)
        both = [size for stream in found for size in (stream.plain_size, len(stream.packed))]
        return Encoded(tuple(both), tuple(stream.packed for stream in found))
    sizes: list[int] = []
    parts: list[Bytes] = []
    streams = cast("Filter", chain.stage).encode(plain)
    for child, stream in zip(chain.children, streams, strict=True):
        inner = _encode(child, stream)
        own = (len(stream),) if child.children else (len(stream), inner.packed_size)
        sizes += own + inner.sizes
        parts += inner.parts
    return Encoded(tuple(sizes), tuple(parts))


def decode(
    chain: Chain,
    packed: Bytes,
    sizes: Sequence[int],
    plain_size: int,
    base: Bytes | None = None,
) -> Bytes:
    """Undo ``encode``; ``packed`` is all parts in a row.

    Raises:
        DamagedError: sizes, parts, base and chain do not fit together, or a stage refuses its bytes.
    """
    _check(chain, len(packed), sizes, plain_size)
    if chain.based:
        if base is None or len(base) != plain_size:
            raise DamagedError(f"{chain.wire} lacks a base of {plain_size} bytes")
        based = cast("BasedCodec", chain.stage)
        return _sized(chain, based.decode(packed, plain_size, base), plain_size)
    if not chain.children:
        return _sized(chain, cast("Codec", chain.stage).decode(packed, plain_size), plain_size)
    return _Walk(memoryview(packed), iter(sizes)).node(chain, plain_size)


def decode_into(
    chain: Chain, packed: Bytes, sizes: Sequence[int], target: memoryview | bytearray
) -> None:
    """Undo ``encode``, without a base, into memory that is there, which ``packed`` stands for as a whole.

    Floats come without a copy, and without fresh memory, whose pages take longer than the decoding.
    After an error ``target`` holds anything.

    Raises:
        DamagedError: as ``decode``.
    """
    if chain.layout.fused:
        _check(chain, len(packed), sizes, len(target))
        if fused.decode_into(chain, _streams(memoryview(packed), sizes), target):
            return
    target[:] = decode(chain, packed, sizes, len(target))


def holds(chain: Chain, encoded: Encoded, plain: Bytes, base: Bytes | None = None) -> bool:
    """Decode what ``encode`` gave for these bytes and this base, and say whether that is ``plain``.

    Raises:
        DamagedError: it can't be decoded.
    """
    if chain.layout.fused:
        _check(chain, encoded.packed_size, encoded.sizes, len(plain))
        rows = zip(encoded.sizes[::2], encoded.parts, strict=True)
        same = fused.holds(chain, [Stream(*row) for row in rows], plain)
        if same is not None:
            return same
    packed = encoded.parts[0] if len(encoded.parts) == 1 else b"".join(encoded.parts)
    again = decode(chain, packed, encoded.sizes, len(plain), base)
    # Bytes compare by memcmp; a memoryview would go byte by byte.
    return plain == (bytes(again) if isinstance(again, memoryview) else again)


def _check(chain: Chain, packed_size: int, sizes: Sequence[int], plain_size: int) -> None:
    """Raise unless the sizes fit the chain and the block; so no lie in them takes memory."""
    layout = chain.layout
    needed = layout.count
    if len(sizes) != needed or min(plain_size, *sizes, 0) < 0:
        raise DamagedError(f"a block needs {needed} sizes, it has {len(sizes)}, or a negative one")
    streams = sum([sizes[at] for at in layout.plain])
    if streams > chain.stream_memory(plain_size):
        raise DamagedError(f"the streams of {plain_size} bytes claim {streams} bytes")
    packed = sum([sizes[at] for at in layout.packed])
    if chain.children and packed != packed_size:
        raise DamagedError(f"streams of {packed} bytes lie in {packed_size} bytes")


def _sized(chain: Chain, plain: Bytes, plain_size: int) -> Bytes:
    if len(plain) != plain_size:
        raise DamagedError(f"{chain.info.name} gave {len(plain)} bytes instead of {plain_size}")
    return plain


def _streams(packed: memoryview, sizes: Sequence[int]) -> list[Stream]:
    """Return the streams of a filter that has only codecs below it, and of which all has been checked."""
    ends = list(accumulate(sizes[1::2], initial=0))
    return [
        Stream(sizes[2 * number], packed[begin:end])
        for number, (begin, end) in enumerate(pairwise(ends))
    ]


class _Walk(Struct):
    """What is left of a block's bytes and checked sizes while its tree is decoded."""

    packed: memoryview
    sizes: Iterator[int]

    def node(self, chain: Chain, plain_size: int) -> Bytes:
        """Decode one filter and all below it."""
        if chain.layout.fused:
            return self._fused(chain, plain_size)
        streams = [self._child(child) for child in chain.children]
        plain = cast("Filter", chain.stage).decode(streams, plain_size)
        return _sized(chain, plain, plain_size)

    def _fused(self, chain: Chain, plain_size: int) -> Bytes:
        leaves = [self._leaf() for _ in chain.children]
        plain: Bytes | None = fused.decode(chain, leaves, plain_size)
        if plain is None:
            streams = [*map(_decode_leaf, chain.children, leaves)]
            plain = cast("Filter", chain.stage).decode(streams, plain_size)
        return _sized(chain, plain, plain_size)

    def _leaf(self) -> Stream:
        plain_size, packed_size = next(self.sizes), next(self.sizes)
        packed, self.packed = self.packed[:packed_size], self.packed[packed_size:]
        return Stream(plain_size, packed)

    def _child(self, child: Chain) -> Bytes:
        if child.children:
            return self.node(child, next(self.sizes))
        return _decode_leaf(child, self._leaf())


def _decode_leaf(chain: Chain, stream: Stream) -> Bytes:
    plain = cast("Codec", chain.stage).decode(stream.packed, stream.plain_size)
    return _sized(chain, plain, stream.plain_size)


def parse(text: str) -> Chain:
    """Read a chain.

    Raises:
        ChainError: the text is not a chain, or an option is unknown or out of range.
        UnsupportedError: a stage, or what it needs, is missing here.
    """
    if len(text) > MAX_TEXT:
        raise ChainError(f"a chain has at most {MAX_TEXT} characters", text[:60], 60)
    parser = _Parser(text)
    chain = parser.chain(depth=1)
    if parser.token:
        parser.fail("expected the end")
    return chain


class _Parser:
    """Recursive descent over the grammar at the top; ``token`` is the one to be read next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.stages = 0
        self.token, self.column, self._end = "", 0, 0
        self._next()

    def fail(self, what: str) -> None:
        """Raise with the current token marked."""
        raise ChainError(what, self.text, self.column)

    def _next(self, pattern: re.Pattern[str] = _TOKEN) -> str:
        """Step to the next token; return the one before."""
        before = self.token
        match = pattern.match(self.text, self._end)
        if match:
            self.token, self.column, self._end = match[1], match.start(1), match.end()
        else:
            rest = self.text[self._end :].lstrip()
            self.token, self.column = "", len(self.text) - len(rest)
            if rest:
                self.fail("a chain has no such character")
        return before

    def _take(self, token: str, pattern: re.Pattern[str] = _TOKEN) -> bool:
        if self.token != token:
            return False
        self._next(pattern)
        return True

    def chain(self, depth: int) -> Chain:
        """Read one stage and all that its outputs go to."""
        self.stages += 1
        if depth > MAX_DEPTH or self.stages > MAX_STAGES:
            self.fail(f"a chain has at most {MAX_STAGES} stages, {MAX_DEPTH} deep")
        column = self.column
        info = self._stage()
        options = self._options(info)
        children = self._children(depth)
        outputs = info.count_outputs(dict(options))
        if len(children) != outputs:
            what = f"{info.name} has {outputs} outputs, {len(children)} are given"
            raise ChainError(what, self.text, column)
        if info.based and depth > 1:
            what = f"{info.name} goes without filters: its base is of plain bytes"
            raise ChainError(what, self.text, column)
        return Chain(info, options, info.make(**dict(options)), children)

    def _stage(self) -> StageInfo:
        if not self.token[:1].isalpha():
            self.fail("expected the name of a stage")
        column = self.column
        return stage_by_name(self._next(), column)

    def _children(self, depth: int) -> tuple[Chain, ...]:
        if self._take(">"):
            return (self.chain(depth + 1),)
        if not self._take("("):
            return ()
        children = [self.chain(depth + 1)]
        while self._take(","):
            children.append(self.chain(depth + 1))
        if not self._take(")"):
            self.fail("expected ')' or ','")
        return tuple(children)

    def _options(self, info: StageInfo) -> tuple[tuple[str, int | str], ...]:
        known = {option.name: option for option in info.options}
        given: dict[str, int | str] = {}
        while self._take(":"):
            if self.token not in known:
                have = f"no such option; it has {', '.join(known)}" if known else "no options"
                self.fail(f"{info.name} has {have}")
            if self.token in given:
                self.fail(f"{self.token} is given twice")
            name = self._next()
            if not self._take("=", _TEXT if known[name].form else _TOKEN):
                self.fail("expected '='")
            given[name] = self._value(known[name])
        return tuple((name, given[name]) for name in known if name in given)

    def _value(self, option: Option) -> int | str:
        word = self.token
        is_number = word.removeprefix("-").isdecimal() and not option.form
        value = int(word) if is_number else word
        if not option.allows(value):
            self.fail(f"{option.name} is {option.allowed}")
        self._next()
        return value
