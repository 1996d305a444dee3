"""Other libraries that pack numbers, each behind the same three functions: see dense_peers.py.

Each is imported where it is used, so that those which are not installed are skipped.
"""

import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPENZL_CHUNK = 32 << 20  # bytes: it refuses very large inputs
PCO_LEVEL = 8


@dataclass(frozen=True)
class Content:
    """A file: all of it, its numbers of the type it has most of, and that type as we call it."""

    whole: bytes
    numbers: bytes
    dtype: str

    @property
    def rest(self) -> int:
        """Return how many bytes are no such numbers: they count as they are."""
        return len(self.whole) - len(self.numbers)


@dataclass(frozen=True)
class Work:
    """One library at one file: what encode returns, decode takes.

    ``given`` makes what encode takes, outside of what is timed; ``copied`` what decode does.
    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    given: Callable[[], Any]
    size: Callable[[Any], int]
    plain: Callable[[Any], bytes]
    copied: Callable[[Any], Any] = lambda packed: packed


def glyd(content: Content) -> Work:
    import glyd as library

    return Work(
        lambda plain: library.compress(plain, "max", threads=1),
        library.decompress,
        lambda: content.whole,
        len,
        bytes,
    )


def lmzip(content: Content) -> Work:
    """Files in memory: the library takes no others."""
    import lmz

    folder = tempfile.TemporaryDirectory(dir="/dev/shm")
    plain, packed, out = (Path(folder.name) / name for name in ("plain.safetensors", "p", "out"))
    plain.write_bytes(content.whole)

    def decode(_: object) -> object:
        out.unlink(missing_ok=True)
        lmz.decompress(str(packed), str(out), workers=1)
        return folder  # kept as long as the work is

    return Work(
        lambda _: lmz.compress(str(plain), str(packed), workers=1),
        decode,
        lambda: packed.unlink(missing_ok=True),
        lambda _: packed.stat().st_size,
        lambda _: out.read_bytes(),
    )


def pcodec(content: Content) -> Work | None:
    import numpy
    from pcodec import ChunkConfig, standalone

    types = {"fp32": "f4", "fp16": "f2", "bf16": "u2", "int8": "i1"}
    array = numpy.frombuffer(content.numbers, types.get(content.dtype, "u1"))
    config = ChunkConfig(compression_level=PCO_LEVEL, enable_8_bit=array.itemsize == 1)
    return Work(
        lambda numbers: standalone.simple_compress(numbers, config),
        standalone.simple_decompress,
        lambda: array,
        lambda packed: len(packed) + content.rest,
        lambda out: out.tobytes(),
    )


def zipnn(content: Content) -> Work | None:
    from zipnn import ZipNN

    names = {"bf16": "bfloat16", "fp32": "float32", "fp16": "float16"}
    if content.dtype not in names:
        return None
    library = ZipNN(input_format="byte", bytearray_dtype=names[content.dtype], threads=1)
    return Work(
        library.compress,  # it changes what it is given
        library.decompress,
        lambda: bytearray(content.numbers),
        lambda packed: len(packed) + content.rest,
        bytes,
        lambda packed: bytearray(packed),
    )


def openzl(content: Content) -> Work | None:
    from openzl import ext

    nodes, graphs = ext.nodes, ext.graphs
    splits = {
        "bf16": (2, nodes.BFloat16Deconstruct),
        "fp16": (2, nodes.Float16Deconstruct),
        "fp32": (4, nodes.Float32Deconstruct),
    }
    compressor = ext.Compressor()
    if content.dtype in splits:
        width, split = splits[content.dtype]
        graph = split()(compressor, sign_frac=graphs.Compress(), exponent=graphs.Entropy())
        graph = nodes.ConvertSerialToNumLE(width)(compressor, graph)
    else:
        graph = graphs.Entropy()(compressor)
    compressor.select_starting_graph(graph)
    pieces = [
        content.numbers[at : at + OPENZL_CHUNK]
        for at in range(0, len(content.numbers), OPENZL_CHUNK)
    ]

    def one(piece: bytes) -> bytes:
        context = ext.CCtx()
        context.ref_compressor(compressor)
        context.set_parameter(ext.CParam.FormatVersion, ext.MAX_FORMAT_VERSION)
        return context.compress([ext.Input(ext.Type.Serial, piece)])

    def back(packed: list[bytes]) -> list[Any]:
        context = ext.DCtx()
        return [context.decompress(piece)[0] for piece in packed]

    return Work(
        lambda plain: [one(piece) for piece in plain],
        back,
        lambda: pieces,
        lambda packed: sum(map(len, packed)) + content.rest,
        lambda out: b"".join(bytes(piece.content.as_bytes()) for piece in out),
    )


PEERS: dict[str, Callable[[Content], Work | None]] = {
    "glyd": glyd,
    "lmzip": lmzip,
    "zipnn": zipnn,
    "pcodec": pcodec,
    "openzl": openzl,
}
"""By name; None: not for numbers of that type."""

MODULES = {"lmzip": "lmz"}


def present() -> dict[str, Callable[[Content], Work | None]]:
    """Return the peers that are installed."""
    return {
        name: peer
        for name, peer in PEERS.items()
        if importlib.util.find_spec(MODULES.get(name, name))
    }


def glyd_difference(base: Content, new: Content) -> Work:
    import glyd as library

    return Work(
        lambda plain: library.compress_with_base(base.whole, plain),
        lambda packed: library.decompress_with_base(base.whole, packed),
        lambda: new.whole,
        len,
        bytes,
    )


def lmzip_difference(base: Content, new: Content) -> Work:
    """Chunks as the library makes them; their size is what a file adds to an archive of the other."""
    import lmz
    from lmz import codec
    from lmz.planner import KIND_BF16, KIND_BYTES

    width = 4 if new.dtype == "fp32" else 1 if new.dtype.endswith("8") else 2
    kind = KIND_BF16 if new.dtype == "bf16" else KIND_BYTES
    step = lmz.DEFAULT_CHUNK_SIZE
    pairs = [
        (new.numbers[at : at + step], base.numbers[at : at + step])
        for at in range(0, len(new.numbers), step)
    ]

    def decode(packed: list[tuple[bytes, int, int]]) -> list[bytes]:
        return [
            codec.decode_delta(body, width, flags, len(old), old, crc)
            for (body, flags, crc), (_, old) in zip(packed, pairs, strict=True)
        ]

    return Work(
        lambda _: [codec.encode_delta(*pair, width, kind=kind) for pair in pairs],
        decode,
        lambda: None,
        lambda _: lmzip_added(base, new),
        b"".join,
        lambda packed: [(b"".join(parts), flags, crc) for parts, flags, crc in packed],
    )


def lmzip_added(base: Content, new: Content) -> int:
    """Return how many bytes an archive of both files has more than one of the first."""
    import lmz

    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder, sizes = Path(name) / "in", []
        folder.mkdir()
        for number, content in enumerate((base, new)):
            (folder / f"{number}.safetensors").write_bytes(content.whole)
            lmz.compress(str(folder), f"{name}/packed", workers=1)
            sizes.append(Path(name, "packed").stat().st_size)
        shutil.rmtree(folder)
    return sizes[1] - sizes[0]


DIFFERENCES: dict[str, Callable[[Content, Content], Work]] = {
    "glyd": glyd_difference,
    "lmzip": lmzip_difference,
}
