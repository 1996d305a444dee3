"""Tensors as torch's, in place of ``safetensors.torch``."""

from typing import TYPE_CHECKING, Any

from compressor.api import tensors
from compressor.engine.externals import Paths
from compressor.engine.limits import Limits
from compressor.engine.tensorfile import Path

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["load_file"]


def load_file(  # noqa: PLR0913  each is an option of its own, by keyword
    filename: Path,
    device: Any = "cpu",
    *,
    member: str | None = None,
    at: int | None = None,
    threads: int = 0,
    limits: Limits | None = None,
    base: Paths = (),
) -> "dict[str, Tensor]":
    """Return the tensors of an archive or a plain file, decoded in threads into the tensors themselves.

    Keywords and errors are those of ``compressor.safe_open``.
    """
    return tensors.load_file(
        filename, "pt", device, member=member, at=at, threads=threads, limits=limits, base=base
    )
