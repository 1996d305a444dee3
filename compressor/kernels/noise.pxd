# cython: language_level=3
"""What bindings of kernels that know noise share."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t

ctypedef size_t (*raw_size)(const uint8_t *plain, size_t plain_size) noexcept nogil
ctypedef size_t (*encode_raw)(uint8_t *out, const uint8_t *plain, size_t plain_size) noexcept nogil


cdef inline bytes packed_noise(
    raw_size size_of, encode_raw pack, const uint8_t *plain, size_t plain_size,
):
    # The packed form of noise, in no more memory than it takes; None of other bytes.
    cdef size_t room
    with nogil:
        room = size_of(plain, plain_size)
    if not room:
        return None
    cdef bytes packed = PyBytes_FromStringAndSize(NULL, room)
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(packed)
    with nogil:
        room = pack(out, plain, plain_size)
    return packed if room else None
