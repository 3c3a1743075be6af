/* SPDX-License-Identifier: MIT */
/*
 * A pool of byte buffers: what is put back is kept for the next who wants about as much.
 * There are eight sizes from each power of two to the next, so that a block is at most
 * 12.5 % larger than asked for (from 128 bytes on; below, sizes are 16 bytes apart), and
 * caps on what is kept.
 *
 *     cfk_pool_new(NULL, &pool, &err);
 *     if (cfk_pool_get(pool, 1500, &buffer, NULL, &err) == CFK_OK) {
 *         ...
 *         cfk_pool_put(pool, buffer, &err);
 *     }
 *
 * One pool serves one thread at a time, without a lock, and that is what makes it fast:
 * give each thread one of its own. A block has to be put back into the pool it came from.
 */
#ifndef CFKIT_POOL_H
#define CFKIT_POOL_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_pool cfk_pool;

/* Of cfk_pool_options.flags: blocks are wiped as they come back, and new ones are zero.
 */
enum { CFK_POOL_ZERO = 1 };

struct cfk_pool_options {
    size_t size;       /* sizeof(struct cfk_pool_options) */
    size_t max_size;   /* larger blocks are not kept; 0 means 1 MiB, the most is 2^40 */
    size_t keep_bytes; /* keep no more than this in all; 0 means 16 MiB */
    size_t keep_each;  /* keep no more blocks of one size than this; 0 means no limit but
                          keep_bytes */
    uint32_t flags;    /* CFK_POOL_ZERO or 0 */
    uint32_t reserved; /* 0 */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Create a pool that keeps nothing yet in *out; release it with cfk_pool_free().
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM, and on failure sets *out
 * to NULL. O(log max_size). Since 0.1.
 */
CFK_API int cfk_pool_new(const struct cfk_pool_options *opts, cfk_pool **out,
                         struct cfk_error *err);

/*
 * Release a pool and what it keeps; NULL is accepted. Blocks that are out have to be put
 * back first: later nobody can release them. Since 0.1.
 */
CFK_API void cfk_pool_free(cfk_pool *pool);

/*
 * A block of at least size bytes, aligned for any type, in *block. Its contents are zero
 * with CFK_POOL_ZERO, else anything. A size of 0 gives a block too.
 *
 *   capacity  how many bytes may be used; may be NULL.
 *
 * Returns CFK_OK; CFK_E_LIMIT for a size above 2^40 or half the address space, or
 * CFK_E_NOMEM, and on failure sets *block to NULL. O(1). Since 0.1.
 */
CFK_API int cfk_pool_get(cfk_pool *pool, size_t size, void **block, size_t *capacity,
                         struct cfk_error *err);

/*
 * Put a block back; NULL is accepted. It is kept, or released where a cap is met or it is
 * above max_size.
 *
 * Returns CFK_OK; or CFK_E_INVALID for a block of another pool, and for one that was put
 * back before and is kept; then nothing has changed. What came from no pool, or has been
 * released since, has no defined outcome, as with free(). O(1), O(size) with
 * CFK_POOL_ZERO. Since 0.1.
 */
CFK_API int cfk_pool_put(cfk_pool *pool, void *block, struct cfk_error *err);

/*
 * Release the blocks that nobody has needed since the last call, which a caller with a
 * clock does every minute, say. Returns their bytes. O(blocks released). Since 0.1.
 */
CFK_API size_t cfk_pool_trim(cfk_pool *pool);

/* Release all that is kept. Returns its bytes. O(blocks kept). Since 0.1. */
CFK_API size_t cfk_pool_drain(cfk_pool *pool);

struct cfk_pool_stats {
    size_t size;         /* sizeof(struct cfk_pool_stats), set by the caller */
    uint64_t gets;       /* blocks handed out */
    uint64_t reused;     /* of these, how many had been kept */
    uint64_t released;   /* blocks put back that met a cap or were too large */
    uint64_t trimmed;    /* blocks released by cfk_pool_trim() and cfk_pool_drain() */
    uint64_t refused;    /* blocks that cfk_pool_put() refused */
    uint64_t out_blocks; /* handed out and not yet back, and their bytes */
    uint64_t out_bytes;
    uint64_t kept_blocks; /* ready for the next, and their bytes */
    uint64_t kept_bytes;
};

/*
 * Fill in as much of *stats as its size says. Returns CFK_OK, or CFK_E_INVALID where
 * size is not set. O(1). Since 0.1.
 */
CFK_API int cfk_pool_get_stats(const cfk_pool *pool, struct cfk_pool_stats *stats,
                               struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
