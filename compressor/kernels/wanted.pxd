# cython: language_level=3
"""The form of a kernel that the environment asks for."""

from libc.stdlib cimport getenv


cdef inline const char *wanted_form() noexcept:
    # Read at each call, so that the request holds whenever it is made; os.environ would encode it.
    cdef const char *wanted = getenv("COMPRESSOR_KERNEL")
    return wanted if wanted is not NULL and wanted[0] else NULL
