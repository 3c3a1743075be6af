/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* madvise, MAP_ANONYMOUS, explicit_bzero */

#include "base/secret.h"

#include "base/crypto.h"
#include "base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Whole pages between two guard pages. The bytes stand at their end:
 *
 *     struct head | filler | canary | the bytes | padding and canary
 *
 * Filler is less than a page, so that the head, which begins the first page,
 * is found from the address of the bytes alone.
 */
enum { CANARY_SIZE = 16, ALIGNMENT = 16 };

struct head {
    size_t size;
    uint8_t canary[CANARY_SIZE];
};

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Bytes of the pages between the guards. */
static size_t inner_size(size_t size)
{
    return round_up(sizeof(struct head) + CANARY_SIZE + round_up(size, ALIGNMENT) +
                        CANARY_SIZE,
                    page_size());
}

static uint8_t *bytes_of(struct head *head)
{
    return (uint8_t *)head + inner_size(head->size) - CANARY_SIZE -
           round_up(head->size, ALIGNMENT);
}

static struct head *head_of(void *secret)
{
    uint8_t *low = (uint8_t *)secret - CANARY_SIZE - sizeof(struct head);

    return (struct head *)(void *)(low - (uintptr_t)low % page_size());
}

/* From the last of the bytes to the guard page. */
static size_t size_behind(const struct head *head)
{
    return round_up(head->size, ALIGNMENT) - head->size + CANARY_SIZE;
}

static void write_canaries(struct head *head)
{
    uint8_t *bytes = bytes_of(head);

    memcpy(bytes - CANARY_SIZE, head->canary, CANARY_SIZE);
    for (size_t i = 0; i < size_behind(head); i++)
        bytes[head->size + i] = head->canary[i % CANARY_SIZE];
}

static bool canaries_live(struct head *head)
{
    const uint8_t *bytes = bytes_of(head);

    if (memcmp(bytes - CANARY_SIZE, head->canary, CANARY_SIZE) != 0)
        return false;
    for (size_t i = 0; i < size_behind(head); i++)
        if (bytes[head->size + i] != head->canary[i % CANARY_SIZE])
            return false;
    return true;
}

static int no_memory(size_t size, struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "secret: no memory for %zu bytes", size);
}

/* Reserve the range, open its inside, lock it. */
static int map_pages(size_t inner, struct head **out, struct cfk_error *err)
{
    size_t page = page_size();
    size_t whole = inner + 2 * page;
    uint8_t *map = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int cause;

    *out = NULL;
    if (map == MAP_FAILED)
        return no_memory(inner, err);
    if (mprotect(map + page, inner, PROT_READ | PROT_WRITE) != 0) {
        munmap(map, whole);
        return no_memory(inner, err);
    }
    if (mlock(map + page, inner) != 0) {
        cause = errno;
        munmap(map, whole);
        return cfk__fail_errno(err, CFK_E_NOMEM, cause,
                               "secret: cannot lock %zu bytes into memory; a higher "
                               "limit on locked memory (ulimit -l) helps",
                               inner);
    }
#ifdef MADV_DONTDUMP
    madvise(map + page, inner, MADV_DONTDUMP);
#endif
#ifdef MADV_WIPEONFORK
    madvise(map + page, inner, MADV_WIPEONFORK);
#endif
    *out = (struct head *)(void *)(map + page);
    return CFK_OK;
}

static void unmap_pages(struct head *head, size_t inner)
{
    size_t page = page_size();

    cfk__wipe(head, inner);
    munmap((uint8_t *)head - page, inner + 2 * page); /* unlocks as well */
}

int cfk__secret_new(size_t size, void **out, struct cfk_error *err)
{
    struct head *head;
    int rc;

    *out = NULL;
    if (size == 0)
        return cfk__fail(err, CFK_E_INVALID, "secret: no memory of 0 bytes");
    if (size > SIZE_MAX / 2)
        return no_memory(size, err);
    rc = map_pages(inner_size(size), &head, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__random(head->canary, CANARY_SIZE, err);
    if (rc != CFK_OK) {
        unmap_pages(head, inner_size(size));
        return rc;
    }
    head->size = size;
    write_canaries(head);
    *out = bytes_of(head);
    return CFK_OK;
}

/* In a forked child the pages are all zero: nothing to compare, nothing to wipe. */
void cfk__secret_free(void *secret)
{
    struct head *head;

    if (secret == NULL)
        return;
    head = head_of(secret);
    if (!canaries_live(head))
        abort();
    unmap_pages(head, inner_size(head->size));
}

void cfk__wipe(void *data, size_t size)
{
    if (size > 0)
        explicit_bzero(data, size);
}

bool cfk__equal_secret(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *p = a;
    const volatile uint8_t *q = b;
    uint8_t differ = 0;

    for (size_t i = 0; i < size; i++)
        differ |= (uint8_t)(p[i] ^ q[i]);
    return differ == 0;
}
