/* SPDX-License-Identifier: MIT */
/*
 * A stack of kept blocks for each size. Before a block's bytes stands a header that
 * tells its grade and, while it is out, its pool, while it is kept, the next below. Each
 * grade remembers how low its stack has been since the last trim: so many blocks nobody
 * needed.
 */
#include "cfkit/pool.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    STEP_BITS = 3, /* eight sizes from one power of two to the next */
    STEP = 1 << STEP_BITS,
    GRAIN = 16, /* the least size, and what the smallest sizes are apart */
    GRAIN_BITS = 4,
};
static const uint64_t MOST_SIZE = UINT64_C(1) << 40;
static const size_t DEFAULT_MAX_SIZE = (size_t)1 << 20;
static const size_t DEFAULT_KEEP_BYTES = (size_t)16 << 20;

enum { OUT = 0x74756f21, KEPT = 0x7470656b };

/* Sixteen bytes, or the alignment of what follows would suffer. */
struct header {
    union {
        cfk_pool *pool;      /* while it is out */
        struct header *next; /* while it is kept */
    } to;
    uint32_t state; /* OUT or KEPT */
    uint32_t grade;
};

union block {
    struct header header;
    max_align_t alignment;
    uint8_t room[GRAIN];
};

struct shelf {
    struct header *top;
    size_t count;
    size_t lowest; /* count since the last trim */
};

struct cfk_pool {
    struct cfk_alloc alloc;
    size_t keep_bytes;
    size_t keep_each;
    bool zero;
    uint32_t grades; /* that are kept; all above are not */
    struct cfk_pool_stats stats;
    struct shelf shelves[];
};

/* ---- sizes ---- */

static unsigned log2_of(uint64_t x)
{
#if defined(__GNUC__)
    return 63u - (unsigned)__builtin_clzll(x);
#else
    unsigned bits = 0;

    while ((x >>= 1) != 0)
        bits++;
    return bits;
#endif
}

/*
 * The grade of the least size that holds this one, which is at most MOST_SIZE. In
 * grains, the first eight grades are 1 to 8; after that, the three bits below the first
 * one of what is one less, and how far up that one stands.
 */
static uint32_t grade_of(size_t size)
{
    uint64_t grains = size > 0 ? ((uint64_t)size - 1) >> GRAIN_BITS : 0;
    unsigned up;

    if (grains < STEP)
        return (uint32_t)grains;
    up = log2_of(grains) - STEP_BITS;
    return (uint32_t)(up * STEP + (grains >> up));
}

static uint64_t size_of(uint32_t grade)
{
    uint64_t grains = grade;
    unsigned up = 0;

    if (grade >= STEP) {
        up = grade / STEP - 1;
        grains = STEP + grade % STEP;
    }
    return (grains + 1) << (up + GRAIN_BITS);
}

static uint8_t *bytes_of(struct header *header)
{
    return (uint8_t *)header + sizeof(union block);
}

static struct header *header_of(void *block)
{
    return (struct header *)(void *)((uint8_t *)block - sizeof(union block));
}

/* ---- making ---- */

int cfk_pool_new(const struct cfk_pool_options *opts, cfk_pool **out,
                 struct cfk_error *err)
{
    struct cfk_pool_options o;
    uint32_t grades;
    cfk_pool *pool;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.max_size > MOST_SIZE)
        return cfk__fail(err, CFK_E_INVALID,
                         "pool: blocks of %zu bytes; %llu is the most", o.max_size,
                         (unsigned long long)MOST_SIZE);
    if ((o.flags & ~(uint32_t)CFK_POOL_ZERO) != 0)
        return cfk__fail(err, CFK_E_NOTSUP, "pool: unknown flags %lx",
                         (unsigned long)o.flags);
    grades = grade_of(o.max_size != 0 ? o.max_size : DEFAULT_MAX_SIZE) + 1;
    pool = cfk__calloc(o.alloc, 1, sizeof *pool + grades * sizeof pool->shelves[0]);
    if (pool == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "pool: no memory for a pool");
    pool->alloc = *cfk__alloc_or_default(o.alloc);
    pool->keep_bytes = o.keep_bytes != 0 ? o.keep_bytes : DEFAULT_KEEP_BYTES;
    pool->keep_each = o.keep_each != 0 ? o.keep_each : SIZE_MAX;
    pool->zero = (o.flags & CFK_POOL_ZERO) != 0;
    pool->grades = grades;
    *out = pool;
    return CFK_OK;
}

void cfk_pool_free(cfk_pool *pool)
{
    struct cfk_alloc alloc;

    if (pool == NULL)
        return;
    cfk_pool_drain(pool);
    alloc = pool->alloc;
    cfk__free(&alloc, pool);
}

/* ---- handing out, taking back ---- */

static struct header *take_kept(cfk_pool *pool, uint32_t grade)
{
    struct shelf *shelf;
    struct header *header;

    if (grade >= pool->grades)
        return NULL;
    shelf = &pool->shelves[grade];
    header = shelf->top;
    if (header == NULL)
        return NULL;
    shelf->top = header->to.next;
    shelf->count--;
    if (shelf->count < shelf->lowest)
        shelf->lowest = shelf->count;
    pool->stats.kept_blocks--;
    pool->stats.kept_bytes -= size_of(grade);
    return header;
}

static struct header *make(cfk_pool *pool, uint32_t grade)
{
    size_t size = (size_t)size_of(grade) + sizeof(union block);
    struct header *header = cfk__malloc(&pool->alloc, size);

    if (header == NULL)
        return NULL;
    header->grade = grade;
    if (pool->zero)
        memset(bytes_of(header), 0, (size_t)size_of(grade));
    return header;
}

int cfk_pool_get(cfk_pool *pool, size_t size, void **block, size_t *capacity,
                 struct cfk_error *err)
{
    struct header *header;
    uint32_t grade;

    *block = NULL;
    if (size > MOST_SIZE || size > SIZE_MAX / 2)
        return cfk__fail(err, CFK_E_LIMIT, "pool: a block of %zu bytes is too large",
                         size);
    grade = grade_of(size);
    header = take_kept(pool, grade);
    if (header != NULL) {
        pool->stats.reused++;
    } else {
        header = make(pool, grade);
        if (header == NULL)
            return cfk__fail(err, CFK_E_NOMEM, "pool: no memory for %zu bytes", size);
    }
    header->state = OUT;
    header->to.pool = pool;
    pool->stats.gets++;
    pool->stats.out_blocks++;
    pool->stats.out_bytes += size_of(grade);
    if (capacity != NULL)
        *capacity = (size_t)size_of(grade);
    *block = bytes_of(header);
    return CFK_OK;
}

static void release(cfk_pool *pool, struct header *header)
{
    header->state =
        0; /* as long as the memory stays as it is, nobody takes it for ours */
    cfk__free(&pool->alloc, header);
}

static bool has_room(const cfk_pool *pool, uint32_t grade)
{
    return grade < pool->grades && pool->shelves[grade].count < pool->keep_each &&
           size_of(grade) <= pool->keep_bytes &&
           pool->stats.kept_bytes <= pool->keep_bytes - size_of(grade);
}

int cfk_pool_put(cfk_pool *pool, void *block, struct cfk_error *err)
{
    struct header *header;
    uint32_t grade;

    if (block == NULL)
        return CFK_OK;
    header = header_of(block);
    if (header->state != OUT || header->to.pool != pool) {
        pool->stats.refused++;
        return cfk__fail(err, CFK_E_INVALID, "pool: %s",
                         header->state == KEPT ? "a block that was put back before"
                                               : "a block that is not of this pool");
    }
    grade = header->grade;
    pool->stats.out_blocks--;
    pool->stats.out_bytes -= size_of(grade);
    if (pool->zero) /* no compiler can drop this: where the block goes, it does not know
                     */
        memset(block, 0, (size_t)size_of(grade));
    if (!has_room(pool, grade)) {
        pool->stats.released++;
        release(pool, header);
        return CFK_OK;
    }
    header->state = KEPT;
    header->to.next = pool->shelves[grade].top;
    pool->shelves[grade].top = header;
    pool->shelves[grade].count++;
    pool->stats.kept_blocks++;
    pool->stats.kept_bytes += size_of(grade);
    return CFK_OK;
}

/* ---- keeping less ---- */

static size_t release_kept(cfk_pool *pool, uint32_t grade, size_t count)
{
    for (size_t i = 0; i < count; i++)
        release(pool, take_kept(pool, grade));
    pool->stats.trimmed += count;
    return count * (size_t)size_of(grade);
}

size_t cfk_pool_trim(cfk_pool *pool)
{
    size_t bytes = 0;

    for (uint32_t grade = 0; grade < pool->grades; grade++) {
        bytes += release_kept(pool, grade, pool->shelves[grade].lowest);
        pool->shelves[grade].lowest = pool->shelves[grade].count;
    }
    return bytes;
}

size_t cfk_pool_drain(cfk_pool *pool)
{
    size_t bytes = 0;

    for (uint32_t grade = 0; grade < pool->grades; grade++)
        bytes += release_kept(pool, grade, pool->shelves[grade].count);
    return bytes;
}

int cfk_pool_get_stats(const cfk_pool *pool, struct cfk_pool_stats *stats,
                       struct cfk_error *err)
{
    size_t size = stats->size;

    if (size < sizeof size)
        return cfk__fail(err, CFK_E_INVALID, "pool: size of the stats is not set");
    memcpy(stats, &pool->stats, size < sizeof *stats ? size : sizeof *stats);
    stats->size = size;
    return CFK_OK;
}
