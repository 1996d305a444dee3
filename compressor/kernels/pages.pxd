# cython: language_level=3
"""Tables that a thread keeps: zeroed pages cost a tenth of decoding 1 MiB."""

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.stdlib cimport free


cdef extern from "pages.h" nogil:
    size_t whole_pages(size_t nbytes)
    void *tables_new(size_t nbytes)


cdef inline void _free_tables(object capsule) noexcept:
    free(PyCapsule_GetPointer(capsule, NULL))


cdef inline void *kept_tables(of_thread, str name, size_t nbytes) except NULL:
    # Of a threading.local(), which frees them when its thread ends.
    cdef void *tables
    capsule = getattr(of_thread, name, None)
    if capsule is None:
        tables = tables_new(nbytes)
        if tables == NULL:
            raise MemoryError
        capsule = PyCapsule_New(tables, NULL, _free_tables)
        setattr(of_thread, name, capsule)
    return PyCapsule_GetPointer(capsule, NULL)
