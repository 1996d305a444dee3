"""A writer of checkpoints as ``torch.save`` makes them, opcode by opcode: torch is too large to test with."""

import struct
from collections.abc import Sequence

from tests.tensors.files import zipped

EMPTY_HOOKS = b"ccollections\nOrderedDict\n)R"
START, STOP = b"\x80\x02", b"."


def string(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    packed = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(packed)]) + packed


def numbers(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def imported(name: str) -> bytes:
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def storage(key: str, count: int, kind: str = "torch.FloatStorage") -> bytes:
    fields = string("storage") + imported(kind) + string(key) + string("cpu") + number(count)
    return b"(" + fields + b"tQ"


def plain_strides(shape: Sequence[int]) -> list[int]:
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return strides[::-1]


def tensor(
    of: bytes,
    shape: Sequence[int],
    *,
    offset: int = 0,
    strides: Sequence[int] | None = None,
    dtype: str = "",
    more: bytes = b"",
) -> bytes:
    """Return a call of torch's function that makes tensors; with ``dtype`` its third version."""
    strides = plain_strides(shape) if strides is None else strides
    fields = of + number(offset) + numbers(shape) + numbers(strides) + b"\x89" + EMPTY_HOOKS
    function = f"torch._utils._rebuild_tensor_v{3 if dtype else 2}"
    fields += imported(f"torch.{dtype}") if dtype else b""
    return imported(function) + b"(" + fields + more + b"tR"


def mapping(items: dict[str, bytes]) -> bytes:
    return b"}(" + b"".join(string(key) + value for key, value in items.items()) + b"u"


def checkpoint(value: bytes, storages: dict[str, bytes], **members: bytes) -> bytes:
    """Return a zip of a pickle that leaves ``value``, and of storages by key."""
    content = {"run/data.pkl": START + value + STOP, "run/byteorder": b"little"}
    content |= {f"run/{name}": data for name, data in members.items()}
    content |= {f"run/data/{key}": data for key, data in storages.items()}
    return zipped(content)
