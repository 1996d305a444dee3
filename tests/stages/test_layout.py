"""What follows from a chain's form: where in a block's sizes which of them stand."""

import pytest

from compressor.stages.chain import encode, parse
from compressor.stages.layout import Layout, layout_of

PLAIN = bytes(range(64)) * 8


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("store", Layout((), (), 0, fused=False)),
        ("floatsplit:dtype=bf16(huffman,huffman)", Layout((0, 2), (1, 3), 1, fused=True)),
        ("floatsplit:dtype=bf16(huffman,store)", Layout((0, 2), (1, 3), 1, fused=False)),
        (
            "floatsplit:dtype=bf16(zeromask(huffman,store),zstd)",
            Layout((0, 1, 3, 5), (2, 4, 6), 2, fused=False),
        ),
    ],
)
def test_a_chain_knows_where_its_sizes_stand(text: str, layout: Layout) -> None:
    chain = parse(text)
    encoded = encode(chain, PLAIN)
    assert chain.layout == layout_of(chain) == layout
    assert len(encoded.sizes) == layout.count
    assert [encoded.sizes[at] for at in layout.packed] == [
        len(part) for part in encoded.parts if layout.packed
    ]
