/* status_kernel.c - see status_kernel.h */
#define _GNU_SOURCE
#include "status_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>
#endif

#define NAME_MOST 255 /* bytes of a name in a folder; paths here are no longer */

/* Since Linux 6.13; headers are often older than the system. */
#if !defined(SYS_listxattrat) && (defined(__x86_64__) || defined(__aarch64__))
#define SYS_listxattrat 465
#endif

#ifdef __linux__
/* The bytes of all names of attributes; -1 and errno if that can't be had. */
static long attributes_size(int folder, const char *name, int follow)
{
#ifdef SYS_listxattrat
    int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
    long size = syscall(SYS_listxattrat, folder, name, flags, NULL, (size_t)0);
    if (size >= 0 || errno == ENOTSUP)
        return size;
#endif
    /* Older systems, and those that forbid what they do not know: by the path of the folder's
     * descriptor, so that no name above it is looked at again. */
    char path[sizeof "/proc/self/fd/-2147483648/" + NAME_MOST];
    if (strlen(name) > NAME_MOST)
        return -1;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/%s", folder, name);
    return follow ? listxattr(path, NULL, 0) : llistxattr(path, NULL, 0);
}
#endif

static int is_bare(int folder, const char *name, int follow)
{
#ifdef __linux__
    errno = 0;
    long size = attributes_size(folder, name, follow);
    return size == 0 || (size < 0 && errno == ENOTSUP);
#else
    (void)folder, (void)name, (void)follow;
    return 0;
#endif
}

int status_look(int folder, const char *name, int follow, status_found *found)
{
    struct stat status;
    if (fstatat(folder, name, &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    found->device = status.st_dev;
    found->inode = status.st_ino;
    found->links = status.st_nlink;
    found->special = status.st_rdev;
    found->mode = status.st_mode;
    found->user = status.st_uid;
    found->group = status.st_gid;
    found->seconds = status.st_mtim.tv_sec;
    found->nanoseconds = (int32_t)status.st_mtim.tv_nsec;
    found->size = status.st_size;
    found->blocks = status.st_blocks;
    found->bare = S_ISLNK(status.st_mode) || is_bare(folder, name, follow);
    return 0;
}
