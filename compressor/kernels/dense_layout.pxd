# cython: language_level=3, boundscheck=False, wraparound=False
"""What dense.pyx and densedelta.pyx say of a block alike."""


cdef extern from "dense_layout.h" nogil:
    enum:
        DENSE_COLUMNS_MAX
    struct dense_layout:
        unsigned width
        unsigned mantissa_bits
        size_t count
        size_t columns
    size_t dense_rows(dense_layout layout)


cdef inline dense_layout layout_of(
    words, tuple known, size_t plain_size, size_t columns
) except *:
    # The words are an element's bytes, and the bits of its mantissa.
    cdef dense_layout layout
    if tuple(words) not in known:
        raise ValueError(f"no numbers here have {words[0]} bytes and {words[1]} bits of mantissa")
    if not 1 <= columns <= DENSE_COLUMNS_MAX:
        raise ValueError(f"there are 1 to {DENSE_COLUMNS_MAX} columns, not {columns}")
    layout.width, layout.mantissa_bits = words
    layout.count = plain_size // layout.width
    layout.columns = columns
    return layout
