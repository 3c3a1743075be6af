/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a tool: lets the allocation number MALLOC_FAULT_AT fail, also
 * inside zstd, mbedTLS and jansson, and makes the exit visible: the file named
 * by MALLOC_FAULT_SEEN appears when it did.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static long countdown = -1;

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("MALLOC_FAULT_AT");

    countdown = at == NULL ? -1 : strtol(at, NULL, 10);
}

static bool fails_now(void)
{
    const char *seen;
    int fd;

    if (countdown <= 0 || --countdown > 0)
        return false;
    countdown = -1;
    seen = getenv("MALLOC_FAULT_SEEN");
    fd = seen == NULL ? -1 : open(seen, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails_now() ? NULL : __libc_realloc(block, size);
}
