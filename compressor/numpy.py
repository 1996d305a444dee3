"""Tensors as numpy's arrays, in place of ``safetensors.numpy``."""

from typing import TYPE_CHECKING

from compressor.api import tensors
from compressor.engine.externals import Paths
from compressor.engine.limits import Limits
from compressor.engine.tensorfile import Path

if TYPE_CHECKING:
    from numpy import ndarray

__all__ = ["load_file"]


def load_file(  # noqa: PLR0913  see compressor.safe_open
    filename: Path,
    *,
    member: str | None = None,
    at: int | None = None,
    threads: int = 0,
    limits: Limits | None = None,
    base: Paths = (),
) -> "dict[str, ndarray]":
    """Return the tensors of an archive or a plain file, decoded in threads into the arrays themselves.

    bf16 and fp8 have the types of ml_dtypes. Keywords and errors are those of ``compressor.safe_open``.
    """
    return tensors.load_file(
        filename, "np", member=member, at=at, threads=threads, limits=limits, base=base
    )
