# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of dotz_kernel.h: memory and messages here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc

from compressor.errors import DamagedError


cdef extern from "dotz_kernel.h" nogil:
    ctypedef enum dotz_status "enum dotz_status":
        DOTZ_OK
        DOTZ_TRUNCATED
    cdef struct dotz_decoder:
        pass
    cdef struct dotz_encoder:
        pass
    void dotz_decoder_begin(dotz_decoder *decoder, unsigned max_bits, bint clears)
    void dotz_encoder_begin(dotz_encoder *encoder, unsigned max_bits)
    dotz_status dotz_decode(dotz_decoder *decoder, uint8_t *out, size_t out_nbytes,
                            size_t *written, const uint8_t *packed, size_t packed_nbytes,
                            size_t *taken, bint last)
    size_t dotz_encode_bound(size_t plain_nbytes)
    size_t dotz_encode(dotz_encoder *encoder, uint8_t *out, const uint8_t *plain,
                       size_t plain_nbytes, bint last)

_WORDS = (
    "",
    "begins with a code that is not a byte",
    "has a code that is not defined yet",
    "ends inside a code",
)


cdef class Decoder:
    """Codes into bytes, forward; one thread at a time."""

    cdef dotz_decoder *state

    def __cinit__(self, unsigned max_bits, bint clears):
        if not 9 <= max_bits <= 16:
            raise ValueError(f"max_bits is {max_bits}, not 9 to 16")
        self.state = <dotz_decoder *>malloc(sizeof(dotz_decoder))
        if self.state == NULL:
            raise MemoryError
        dotz_decoder_begin(self.state, max_bits, clears)

    def __dealloc__(self):
        free(self.state)

    def decode(self, const uint8_t[::1] packed not None, size_t most, bint last) -> tuple:
        """Return at most ``most`` bytes, and how many of ``packed`` they took.

        Fewer are all that there are in ``packed``; ``last``: nothing follows it.

        Raises:
            DamagedError: it is no such stream.
        """
        cdef size_t packed_size = packed.shape[0], written = 0, taken = 0
        cdef const uint8_t *source = &packed[0] if packed_size else NULL
        cdef bytes plain = PyBytes_FromStringAndSize(NULL, most)
        cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
        cdef dotz_status status
        with nogil:
            status = dotz_decode(self.state, out, most, &written, source, packed_size, &taken, last)
        if status != DOTZ_OK:
            raise DamagedError(_WORDS[<int>status])
        return plain if written == most else plain[:written], taken


cdef class Encoder:
    """Bytes into codes, forward; one thread at a time."""

    cdef dotz_encoder *state

    def __cinit__(self, unsigned max_bits):
        if not 10 <= max_bits <= 16:
            raise ValueError(f"max_bits is {max_bits}, not 10 to 16")
        self.state = <dotz_encoder *>malloc(sizeof(dotz_encoder))
        if self.state == NULL:
            raise MemoryError
        dotz_encoder_begin(self.state, max_bits)

    def __dealloc__(self):
        free(self.state)

    def encode(self, const uint8_t[::1] plain not None, bint last) -> bytes:
        """Return what ``plain`` adds to the stream; ``last``: and its end."""
        cdef size_t plain_size = plain.shape[0], packed_size
        cdef const uint8_t *source = &plain[0] if plain_size else NULL
        cdef bytes packed = PyBytes_FromStringAndSize(NULL, dotz_encode_bound(plain_size))
        cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(packed)
        with nogil:
            packed_size = dotz_encode(self.state, out, source, plain_size, last)
        return packed[:packed_size]
