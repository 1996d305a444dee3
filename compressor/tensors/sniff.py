"""What lies where in a file: by its content, never by its name."""

from compressor.errors import DamagedError
from compressor.tensors import gguf, npy, npz, safetensors, torchzip, zips
from compressor.tensors.segments import Sniffed, opaque
from compressor.tensors.view import Read, View

_HEAD = 16  # bytes that tell the formats apart


class _ReadError(Exception):
    """What ``read`` raised: it may be a DamagedError of its own, and says nothing of the format."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def sniff(read: Read, size: int) -> Sniffed:
    """Return the segments and tensors of a file of ``size`` bytes.

    ``read`` gives the bytes from an offset and a length that lie inside the file. At most 64 MiB are
    asked for, so that a header that lies costs seconds and some hundred MiB, no more. A file of no known
    format, or one that breaks its format's rules, is one opaque segment. Errors of ``read`` pass.
    """

    def passing(start: int, length: int) -> bytes:
        try:
            return read(start, length)
        except Exception as error:
            raise _ReadError(error) from error

    try:
        return _recognised(View(passing, size))
    except DamagedError as error:
        return opaque(size, error.what)
    except _ReadError as failed:
        raise failed.error from failed.error.__cause__


def _recognised(view: View) -> Sniffed:
    head = view.bytes(0, min(view.size, _HEAD))
    if head.startswith(npy.MAGIC):
        return npy.recognise(view)
    if head.startswith(gguf.MAGIC):
        return gguf.recognise(view)
    if head.startswith(zips.MAGIC):
        return _zip(view)
    if safetensors.looks_like(head, view.size):
        return safetensors.recognise(view)
    return opaque(view.size)


def _zip(view: View) -> Sniffed:
    directory = zips.directory(view)
    prefix = torchzip.prefix_of(directory)
    if prefix is not None:
        return torchzip.recognise(directory, prefix)
    if any(name.endswith(npz.SUFFIX) for name in directory.members):
        return npz.recognise(directory)
    return opaque(view.size)
