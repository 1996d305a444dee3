/* pages.h - tables that are met at random, in huge pages where the system has them. */
#ifndef COMPRESSOR_PAGES_H
#define COMPRESSOR_PAGES_H

#include <stdlib.h>
#include <sys/mman.h>

#define TABLE_ALIGNMENT ((size_t)2 << 20) /* a huge page */

static inline size_t whole_pages(size_t nbytes)
{
    return (nbytes + TABLE_ALIGNMENT - 1) / TABLE_ALIGNMENT * TABLE_ALIGNMENT;
}

/* Return memory for free(), or NULL. */
static inline void *tables_new(size_t nbytes)
{
    void *tables = NULL;
    nbytes = whole_pages(nbytes);
    if (posix_memalign(&tables, TABLE_ALIGNMENT, nbytes)) {
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    madvise(tables, nbytes, MADV_HUGEPAGE); /* a hint: that it is refused harms nothing */
#endif
    return tables;
}

#endif
