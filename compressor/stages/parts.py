"""Parts: bytes in the cheapest of four forms, one behind another. Format: docs/format/floatdelta.md."""

from compressor.errors import DamagedError
from compressor.kernels import floatdelta, huffman, zeromask
from compressor.stages.base import Bytes

RAW, ZEROS, HUFFMAN, MASKED = range(4)
HEAD_MAX = 5  # bytes of a head


def pack_part(plain: bytes) -> bytes:
    """Return the part that stands for ``plain``: at most a byte more."""
    zeros = floatdelta.zeros_in(plain)
    if not len(plain) < 2 * zeros < 2 * len(plain):
        return _flat(plain, zeros)
    mask, rest = zeromask.split(plain, 1)
    packed = _head(MASKED) + _flat(mask, floatdelta.zeros_in(mask)) + _flat(rest, 0)
    return packed if len(packed) <= len(plain) else _head(RAW) + plain


def _flat(plain: bytes, zeros: int) -> bytes:
    """Return the part without a mask, where so many of the bytes are zero."""
    if zeros == len(plain):
        return _head(ZEROS)
    packed = huffman.encode(plain)
    packed = _head(HUFFMAN, len(packed)) + packed
    return packed if len(packed) <= len(plain) else _head(RAW) + plain


def _head(form: int, size: int = 0) -> bytes:
    """Return a form, and behind it a size (bytes): seven bits a byte, the lowest first."""
    number, head = size << 2 | form, bytearray()
    while number > 127:
        head.append(number & 127 | 128)
        number >>= 7
    head.append(number)
    return bytes(head)


class PartReader:
    """Reads parts from the first of ``packed`` on; whoever reads knows how many bytes each stands for."""

    def __init__(self, packed: Bytes) -> None:
        self._packed = memoryview(packed)

    def take(self, size: int) -> memoryview:
        """Return the next ``size`` bytes as they are.

        Raises:
            DamagedError: there are fewer (FD-006).
        """
        if size > len(self._packed):
            raise damaged(6, f"{size} bytes are needed, {len(self._packed)} are left")
        taken, self._packed = self._packed[:size], self._packed[size:]
        return taken

    def part(self, plain_size: int) -> Bytes:
        """Return the ``plain_size`` bytes that the next part stands for.

        Raises:
            DamagedError: it stands for anything else.
        """
        form, size = self._head()
        if form != MASKED:
            return self._flat(form, size, plain_size)
        mask = self._flat(*self._head(), -(-plain_size // 8))
        ones = int.from_bytes(mask, "little").bit_count()
        return zeromask.merge([mask, self._flat(*self._head(), ones)], plain_size, 1)

    def rest(self) -> memoryview:
        """Return all that is left, which is no part."""
        return self.take(len(self._packed))

    def end(self) -> None:
        """See that nothing is left.

        Raises:
            DamagedError: something is.
        """
        if self._packed:
            raise damaged(7, f"{len(self._packed)} bytes follow")

    def _head(self) -> tuple[int, int]:
        number = 0
        for place in range(HEAD_MAX):
            byte = self.take(1)[0]
            number |= (byte & 127) << 7 * place
            if byte < 128:
                break
        else:
            raise damaged(3, f"a head is longer than {HEAD_MAX} bytes")
        if place and not byte:
            raise damaged(3, "a head ends with a zero that says nothing")
        if number & 3 != HUFFMAN and number >> 2:
            raise damaged(4, "only a huffman part has a size")
        return number & 3, number >> 2

    def _flat(self, form: int, size: int, plain_size: int) -> Bytes:
        if form == MASKED:
            raise damaged(5, "a masked part lies in a masked part")
        if form == ZEROS:
            return bytes(plain_size)
        if form == RAW:
            return self.take(plain_size)
        return huffman.decode(self.take(size), plain_size)


def damaged(check: int, what: str) -> DamagedError:
    """Return the error for a check of docs/format/floatdelta.md."""
    return DamagedError(f"a delta is damaged: {what} (FD-{check:03})")
