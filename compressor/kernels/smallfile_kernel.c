/* smallfile_kernel.c - see smallfile_kernel.h */
#define _GNU_SOURCE
#include "smallfile_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

static int is_it(const struct stat *status, smallfile_identity identity, size_t size)
{
    return S_ISREG(status->st_mode) && status->st_dev == identity.device &&
           status->st_ino == identity.inode && (uint64_t)status->st_size == size;
}

static int was_written(const struct stat *then, const struct stat *now)
{
    return then->st_size != now->st_size || then->st_mtim.tv_sec != now->st_mtim.tv_sec ||
           then->st_mtim.tv_nsec != now->st_mtim.tv_nsec;
}

int smallfile_read(int folder, const char *name, smallfile_identity identity, uint8_t *buffer,
                   size_t size)
{
    int file = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return -1;
    struct stat then, now;
    int failed = fstat(file, &then) != 0 || !is_it(&then, identity, size) ||
                 read(file, buffer, size + 1) != (ssize_t)size || fstat(file, &now) != 0 ||
                 was_written(&then, &now);
    close(file);
    return failed ? -1 : 0;
}

static int fill(int file, const uint8_t *content, size_t size)
{
    while (size) {
        ssize_t done = write(file, content, size);
        if (done <= 0)
            return -1;
        content += done;
        size -= (size_t)done;
    }
    return 0;
}

static int give(int file, const struct stat *status, const smallfile_attributes *attributes)
{
    uint32_t user = attributes->user, group = attributes->group;
    int own = (user == UINT32_MAX || user == status->st_uid) &&
              (group == UINT32_MAX || group == status->st_gid);
    if (!own && fchown(file, user, group) != 0)
        return -1;
    if (fchmod(file, attributes->mode) != 0)
        return -1;
    if (!attributes->has_time)
        return 0;
    struct timespec time = {attributes->seconds, attributes->nanoseconds};
    struct timespec times[2] = {time, time};
    return futimens(file, times);
}

/* Give what was made its name, unless that is taken; never in the place of what came meanwhile. */
static int take(int folder, const char *temporary, const char *name)
{
#ifdef SYS_renameat2
    if (syscall(SYS_renameat2, folder, temporary, folder, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
#endif
    if (linkat(folder, temporary, folder, name, 0) != 0)
        return -1;
    return unlinkat(folder, temporary, 0);
}

int smallfile_make(int folder, const char *temporary, const char *name, const uint8_t *content,
                   size_t size, const smallfile_attributes *attributes,
                   smallfile_identity *identity)
{
    int file = openat(folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return -1;
    struct stat status;
    int failed = fill(file, content, size) != 0 || fstat(file, &status) != 0 ||
                 give(file, &status, attributes) != 0;
    failed |= close(file) != 0;
    failed = failed || take(folder, temporary, name) != 0;
    if (failed) {
        unlinkat(folder, temporary, 0);
        return -1;
    }
    identity->device = status.st_dev;
    identity->inode = status.st_ino;
    return 0;
}
