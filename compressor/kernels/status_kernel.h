/* status_kernel.h - what the system says of a name in an open folder, by one call.
 *
 * Whether a file has extended attributes is no part of what stat gives, and nearly none has any: so
 * that is asked in the same breath. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_STATUS_KERNEL_H
#define COMPRESSOR_STATUS_KERNEL_H

#include <stdint.h>

typedef struct {
    uint64_t device, inode, links, special; /* special: the device that a device file is */
    uint32_t mode, user, group;
    int32_t nanoseconds;
    int64_t seconds; /* of the last change of the content, since 1970 */
    int64_t size, blocks;
    int bare; /* 1: it has no extended attributes; 0: it has, or may have */
} status_found;

/* Look at `name` in `folder`; where `follow`, at what a link leads to. Of a link itself nobody asks
 * for attributes: it counts as bare. Return 0; else the number of the system's error, and nothing
 * is found. */
int status_look(int folder, const char *name, int follow, status_found *found);

#endif
