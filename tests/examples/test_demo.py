"""What `make demo` does, as far as it takes no minutes."""

import importlib.util

from compressor.plan.levels import chain_for
from tests.docs.blocks import ROOT


def test_the_demo_packs_by_codecs_that_may_be_asked_for() -> None:
    spec = importlib.util.spec_from_file_location("demo", ROOT / "benchmarks/demo.py")
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)

    found = demo.codecs("float32")

    assert {"zstd", "huffman", "lzw", "lz77", "dense:dtype=fp32"} <= set(found)
    assert set(demo.codecs("sources")) == set(found) - {"dense:dtype=fp32"}
    for codec in found:
        chain_for(codec, None)
