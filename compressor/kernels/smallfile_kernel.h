/* smallfile_kernel.h - a small file read, or made, by all the calls of the system that it takes in
 * one.
 *
 * What is usual is done here; whatever else is met is left to who asked, who goes step by step and
 * knows what to say. No path is followed: a file is named in an open folder, and a link by its name
 * is refused. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_SMALLFILE_KERNEL_H
#define COMPRESSOR_SMALLFILE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t device, inode;
} smallfile_identity;

/* Read the regular file `name` of `folder`, which has `size` bytes and this identity, into
 * buffer[0..size]: one byte more than it has. Return 0; -1 if it is another, can't be read, has
 * another size, or was written to meanwhile: then the buffer holds anything. */
int smallfile_read(int folder, const char *name, smallfile_identity identity, uint8_t *buffer,
                   size_t size);

typedef struct {
    uint32_t user, group; /* UINT32_MAX: stays */
    uint32_t mode;        /* permission bits */
    int has_time;
    int64_t seconds;
    int32_t nanoseconds;
} smallfile_attributes;

/* Make a regular file of `folder`: under the name `temporary`, readable by nobody else; then, with
 * its content, owner, mode and time, under `name`. Return 0 and its identity; -1 if any of it
 * fails, or `name` is taken: then nothing is left of it. */
int smallfile_make(int folder, const char *temporary, const char *name, const uint8_t *content,
                   size_t size, const smallfile_attributes *attributes,
                   smallfile_identity *identity);

#endif
