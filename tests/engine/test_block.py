"""A block under the chain that makes it smallest, and proven before it is written."""

from collections.abc import Callable, Iterable

import pytest

from compressor.archive import writer
from compressor.archive.schema import Block
from compressor.engine.block import BlockPacker, Contents
from compressor.stages.chain import Chain, parse

PLAIN = bytes(range(7)) * 3000
HUFFMAN, ZSTD, STORE = parse("huffman"), parse("zstd"), parse("store")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Block, bytes]]:
    """What blocks become, before they are framed."""
    found: list[tuple[Block, bytes]] = []
    monkeypatch.setattr(
        writer, "block_draft", lambda block, parts: found.append((block, b"".join(parts)))
    )
    return found


def offering(*chains: Chain) -> Callable[[object, int], Iterable[Chain]]:
    return lambda _plain, _packed_size: chains


@pytest.mark.parametrize("order", [(HUFFMAN, ZSTD, STORE), (ZSTD, STORE, HUFFMAN)])
def test_the_smallest_of_all_chains_is_written(
    order: tuple[Chain, ...], written: list[tuple[Block, bytes]]
) -> None:
    told: list[str] = []
    packer = BlockPacker(order[0], lambda _chain: True, told.append, offering(*order[1:]))

    packer.pack(Contents(PLAIN, None, 0))

    [(block, body)] = written
    assert block.chain == ZSTD.wire
    assert len(body) < len(PLAIN) // 50
    assert not told


def test_others_hear_what_the_first_came_to(written: list[tuple[Block, bytes]]) -> None:
    heard: list[int] = []

    def others(_plain: object, packed_size: int) -> Iterable[Chain]:
        heard.append(packed_size)
        return ()

    BlockPacker(ZSTD, lambda _chain: False, pytest.fail, others).pack(Contents(PLAIN, None, 0))

    assert heard == [len(written[0][1])]


def test_another_chain_that_lies_is_caught(
    written: list[tuple[Block, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    liar = parse("zstd:level=19")
    monkeypatch.setattr(liar.stage, "encode", lambda _plain: b"small")
    packer = BlockPacker(HUFFMAN, lambda chain: chain is liar, told.append, offering(liar))

    packer.pack(Contents(PLAIN, None, 0))

    assert written[0][0].chain == "store"
    assert written[0][1] == PLAIN
    assert "zstd:level=19 did not give back" in told[0]


def test_what_chooses_is_asked_instead_of_the_chain(written: list[tuple[Block, bytes]]) -> None:
    packer = BlockPacker(
        STORE, lambda _chain: True, pytest.fail, choose=lambda _plain: [HUFFMAN, ZSTD]
    )

    packer.pack(Contents(PLAIN, None, 0))

    assert written[0][0].chain == ZSTD.wire
