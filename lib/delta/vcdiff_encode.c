/* SPDX-License-Identifier: MIT */
/*
 * Encoding of VCDIFF: windows of 8 MiB with the whole old version as segment, or with
 * the 2 GiB of it around where the window is from. Every instruction is written in the
 * shortest code, a pair of short ones as one.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "delta/vcdiff.h"
#include "delta/vcdiff_match.h"

#include <stdio.h>
#include <string.h>

enum {
    CODE_ADD = 1,        /* + size, to 17; 1: the size follows */
    CODE_COPY = 19,      /* + 16 * mode; + size - 3, from 4 to 18; 0: the size follows */
    CODE_ADD_COPY = 163, /* + 12 * mode + 3 * (added - 1) + copied - 4 */
    CODE_ADD_COPY_SAME = 235, /* + 4 * (mode - 6) + added - 1; copied: 4 */
    CODE_COPY_ADD = 247,      /* + mode; copied: 4, added: 1 */
    ADD_CODED = 17,
    COPY_MIN = 4,
    COPY_CODED = 18,
    REINDEXED = 32,   /* bytes of a copy that later ones may start in */
    LONG_COPY = 4096, /* bytes of one that others will be in line with */
};

static const struct cfk__match_effort efforts[] = {
    [1] = { 4, 32, 0, 6 },     [2] = { 8, 64, 0, 7 },      [3] = { 16, 64, 0, 8 },
    [4] = { 32, 128, 1, 9 },   [5] = { 64, 256, 1, 10 },   [6] = { 96, 256, 2, 12 },
    [7] = { 128, 512, 2, 14 }, [8] = { 256, 1024, 2, 16 }, [9] = { 512, 4096, 3, 20 },
};

/* The last code written, while another may still join it. */
struct last {
    enum { NOTHING, SHORT_ADD, COPY_OF_4 } kind;
    uint8_t size; /* of the addition */
    uint8_t mode; /* of the copy */
};

struct encoder {
    const struct cfk_alloc *alloc;
    struct cfk__matcher matcher;
    struct cfk__span old;
    size_t segment_max;
    size_t segment_at; /* of old */
    size_t segment_size;
    struct cfk__span window;
    uint64_t window_at;      /* of the new version */
    struct cfk__writer data; /* these three with room for any window */
    struct cfk__writer inst;
    struct cfk__writer addr;
    uint8_t *buffers[3];
    struct cfk__vcdiff_cache cache;
    struct last last;
    size_t done;       /* of the window, so much is encoded */
    uint64_t expected; /* address behind that of the last copy, for position done */
    uint64_t drift;    /* what a place in old had less in new, in the last long copy */
};

/* The shortest way to write an address: its size in bytes; mode and value. */
static uint32_t best_mode(const struct cfk__vcdiff_cache *cache, uint64_t address,
                          uint64_t here, uint8_t *mode, uint64_t *value)
{
    uint64_t same = address % CFK__VCDIFF_SAME;
    uint32_t best;

    if (cache->same[same] == address) {
        *mode = (uint8_t)(CFK__VCDIFF_MODE_SAME + same / 256);
        *value = same % 256;
        return 1;
    }
    *mode = CFK__VCDIFF_MODE_SELF;
    *value = address;
    if (here - address < *value) {
        *mode = CFK__VCDIFF_MODE_HERE;
        *value = here - address;
    }
    best = cfk__vcdiff_integer_size(*value);
    for (uint8_t i = 0; i < CFK__VCDIFF_NEAR; i++) {
        uint64_t ahead = address - cache->near[i];

        if (address < cache->near[i] || cfk__vcdiff_integer_size(ahead) >= best)
            continue;
        best = cfk__vcdiff_integer_size(ahead);
        *mode = (uint8_t)(CFK__VCDIFF_MODE_NEAR + i);
        *value = ahead;
    }
    return best;
}

static uint32_t address_cost(const void *ctx, uint64_t address, size_t at)
{
    const struct encoder *e = ctx;
    uint64_t value;
    uint8_t mode;

    return best_mode(&e->cache, address, (uint64_t)e->segment_size + at, &mode, &value);
}

/* Put a code in place of the one before it. */
static void join(struct encoder *e, unsigned code)
{
    e->inst.pos[-1] = (uint8_t)code;
    e->last.kind = NOTHING;
}

static void put_add(struct encoder *e, size_t size)
{
    if (size == 0)
        return;
    cfk__write(&e->data, e->window.data + e->done, size);
    e->done += size;
    if (size == 1 && e->last.kind == COPY_OF_4) {
        join(e, CODE_COPY_ADD + e->last.mode);
        return;
    }
    if (size <= ADD_CODED) {
        cfk__write_u8(&e->inst, (uint8_t)(CODE_ADD + size));
    } else {
        cfk__write_u8(&e->inst, CODE_ADD);
        cfk__vcdiff_write_integer(&e->inst, size);
    }
    e->last = (struct last){ size <= 4 ? SHORT_ADD : NOTHING, (uint8_t)size, 0 };
}

/* Join a copy with the short addition before it, where there is a code for both. */
static bool join_copy(struct encoder *e, size_t size, uint8_t mode)
{
    unsigned added = e->last.size;

    if (e->last.kind != SHORT_ADD || size > (mode < CFK__VCDIFF_MODE_SAME ? 6 : 4))
        return false;
    if (mode < CFK__VCDIFF_MODE_SAME)
        join(e, CODE_ADD_COPY + 12u * mode + 3 * (added - 1) + (unsigned)size - COPY_MIN);
    else
        join(e, CODE_ADD_COPY_SAME + 4u * (mode - CFK__VCDIFF_MODE_SAME) + added - 1);
    return true;
}

static void put_copy(struct encoder *e, uint64_t address, size_t size)
{
    uint64_t value;
    uint8_t mode;

    best_mode(&e->cache, address, (uint64_t)e->segment_size + e->done, &mode, &value);
    if (mode >= CFK__VCDIFF_MODE_SAME)
        cfk__write_u8(&e->addr, (uint8_t)value);
    else
        cfk__vcdiff_write_integer(&e->addr, value);
    cfk__vcdiff_cache_update(&e->cache, address);
    e->done += size;
    e->expected = address + size;
    if (size >= LONG_COPY && e->expected <= e->segment_size)
        e->drift = e->segment_at + e->expected - (e->window_at + e->done);
    if (join_copy(e, size, mode))
        return;
    if (size <= COPY_CODED) {
        cfk__write_u8(&e->inst, (uint8_t)(CODE_COPY + 16u * mode + size - COPY_MIN + 1));
    } else {
        cfk__write_u8(&e->inst, (uint8_t)(CODE_COPY + 16 * mode));
        cfk__vcdiff_write_integer(&e->inst, size);
    }
    e->last = (struct last){ size == COPY_MIN ? COPY_OF_4 : NOTHING, 0, mode };
}

static struct cfk__match find(const struct encoder *e, size_t at)
{
    struct cfk__match_query query = {
        .at = at,
        .floor = e->done,
        .expected = e->expected + (at - e->done),
        .home = e->drift + e->window_at + at - e->segment_at,
        .cost = address_cost,
        .ctx = e,
    };

    return cfk__matcher_find(&e->matcher, &query);
}

/* A better match that starts a little later, or the one at hand. */
static struct cfk__match improve(struct encoder *e, struct cfk__match match, size_t *at)
{
    const struct cfk__match_effort *effort = &e->matcher.effort;

    for (uint32_t ahead = 1; ahead <= effort->lazy && match.size < effort->nice;
         ahead++) {
        struct cfk__match later = find(e, *at + ahead);

        if (later.gain <= match.gain + 1)
            continue;
        for (uint32_t i = 0; i < ahead; i++)
            cfk__matcher_pass(&e->matcher, *at + i);
        *at += ahead;
        match = later;
        ahead = 0;
    }
    return match;
}

/* What was copied is found again where it came from: its two ends are enough. */
static void pass_copy(struct encoder *e, size_t from, size_t size)
{
    size_t head = size < REINDEXED ? size : REINDEXED;

    for (size_t i = 0; i < head; i++)
        cfk__matcher_pass(&e->matcher, from + i);
    for (size_t i = size - head > REINDEXED ? size - REINDEXED : head; i < size; i++)
        cfk__matcher_pass(&e->matcher, from + i);
}

static void parse_window(struct encoder *e)
{
    size_t at = 0;

    while (at < e->window.size) {
        struct cfk__match match = find(e, at);

        if (match.size == 0) {
            cfk__matcher_pass(&e->matcher, at);
            at += 1 + ((at - e->done) >> e->matcher.effort.skip_log);
            continue;
        }
        match = improve(e, match, &at);
        put_add(e, match.from - e->done);
        put_copy(e, match.address, match.size);
        pass_copy(e, at, e->done - at);
        at = e->done;
    }
    put_add(e, e->window.size - e->done);
}

static void begin_window(struct encoder *e, struct cfk__span window)
{
    e->window = window;
    cfk__writer_init(&e->data, e->data.start, (size_t)(e->data.end - e->data.start));
    cfk__writer_init(&e->inst, e->inst.start, (size_t)(e->inst.end - e->inst.start));
    cfk__writer_init(&e->addr, e->addr.start, (size_t)(e->addr.end - e->addr.start));
    cfk__vcdiff_cache_init(&e->cache);
    e->last = (struct last){ NOTHING, 0, 0 };
    e->done = 0;
}

/* The part of the old version that a window copies from, around where it starts. */
static void choose_segment(struct encoder *e, struct cfk__span window)
{
    uint64_t home = e->drift + e->window_at;
    size_t before = e->segment_max / 2;
    size_t most;

    e->segment_at = 0;
    e->segment_size = e->old.size;
    if (e->old.size <= e->segment_max)
        return;
    e->segment_size = e->segment_max;
    most = e->old.size - e->segment_size;
    if (home > e->old.size) /* before its start, or behind its end */
        home = home > INT64_MAX ? 0 : e->old.size;
    home = cfk__matcher_home(&e->matcher, window, (size_t)home);
    e->drift = home - e->window_at;
    if (home > before)
        e->segment_at = home - before < most ? (size_t)home - before : most;
}

/* The instructions of one window, never more than it takes to add all of it. */
static void encode_window(struct encoder *e, struct cfk__span window)
{
    size_t sections;

    begin_window(e, window);
    choose_segment(e, window);
    e->expected = e->drift + e->window_at - e->segment_at;
    cfk__matcher_window(&e->matcher, window, e->segment_at, e->segment_size);
    parse_window(e);
    sections = cfk__writer_size(&e->data) + cfk__writer_size(&e->inst) +
               cfk__writer_size(&e->addr);
    if (sections > window.size + 1 + cfk__vcdiff_integer_size(window.size)) {
        begin_window(e, window);
        put_add(e, window.size);
    }
}

static void write_section(struct cfk__writer *w, const struct cfk__writer *section)
{
    cfk__write(w, section->start, cfk__writer_size(section));
}

static void write_window(const struct encoder *e, bool checksum, struct cfk__writer *w)
{
    bool copies = cfk__writer_size(&e->addr) > 0 && e->old.size > 0;
    size_t data = cfk__writer_size(&e->data);
    size_t inst = cfk__writer_size(&e->inst);
    size_t addr = cfk__writer_size(&e->addr);
    uint64_t length = cfk__vcdiff_integer_size(e->window.size) + 1 +
                      cfk__vcdiff_integer_size(data) + cfk__vcdiff_integer_size(inst) +
                      cfk__vcdiff_integer_size(addr) + (checksum ? 4 : 0) + data + inst +
                      addr;

    cfk__write_u8(w, (uint8_t)((copies ? 1 : 0) | (checksum ? 4 : 0)));
    if (copies) {
        cfk__vcdiff_write_integer(w, e->segment_size);
        cfk__vcdiff_write_integer(w, e->segment_at);
    }
    cfk__vcdiff_write_integer(w, length);
    cfk__vcdiff_write_integer(w, e->window.size);
    cfk__write_u8(w, 0); /* no section is compressed */
    cfk__vcdiff_write_integer(w, data);
    cfk__vcdiff_write_integer(w, inst);
    cfk__vcdiff_write_integer(w, addr);
    if (checksum)
        cfk__write_u32be(w, cfk__adler32(e->window.data, e->window.size));
    write_section(w, &e->data);
    write_section(w, &e->inst);
    write_section(w, &e->addr);
}

/* Several windows say how large they are together; a missing one would not show. */
static void write_header(struct cfk__writer *w, size_t size)
{
    static const uint8_t fixed[] = { 0xd6, 0xc3, 0xc4, 0 };
    char text[32];
    int length;

    cfk__write(w, fixed, sizeof fixed);
    cfk__write_u8(w, size > CFK__VCDIFF_WINDOW_MAX ? 4 : 0);
    if (size <= CFK__VCDIFF_WINDOW_MAX)
        return;
    length = snprintf(text, sizeof text, "cfkit:%zu", size);
    cfk__vcdiff_write_integer(w, (uint64_t)length);
    cfk__write(w, text, (size_t)length);
}

static void encoder_free(struct encoder *e)
{
    cfk__matcher_free(&e->matcher);
    for (int i = 0; i < 3; i++)
        cfk__free(e->alloc, e->buffers[i]);
    cfk__free(e->alloc, e);
}

/* A copy saves bytes, so no section is longer than its window; instructions may be. */
static int encoder_new(const cfk_delta_ref *ref, size_t window_max, uint32_t level,
                       const struct cfk_alloc *alloc, struct encoder **out)
{
    struct encoder *e = cfk__calloc(alloc, 1, sizeof *e);
    struct cfk__writer *writers[3];
    size_t room = 2 * window_max + 16;
    int rc = CFK_OK;

    if (e == NULL)
        return CFK_E_NOMEM;
    e->alloc = alloc;
    e->old = ref->old;
    writers[0] = &e->data;
    writers[1] = &e->inst;
    writers[2] = &e->addr;
    for (int i = 0; i < 3 && rc == CFK_OK; i++) {
        e->buffers[i] = cfk__malloc(alloc, room);
        if (e->buffers[i] == NULL)
            rc = CFK_E_NOMEM;
        else
            cfk__writer_init(writers[i], e->buffers[i], room);
    }
    if (rc == CFK_OK)
        rc = cfk__matcher_init(&e->matcher, e->old, window_max, &efforts[level], alloc);
    if (rc != CFK_OK) {
        encoder_free(e);
        return rc;
    }
    *out = e;
    return CFK_OK;
}

int cfk__vcdiff_encode_within(const cfk_delta_ref *ref, const void *data, size_t size,
                              const struct cfk_delta_encode_options *o,
                              size_t segment_max, uint8_t *dst, size_t *patch_size,
                              struct cfk_error *err)
{
    size_t window_max = size < CFK__VCDIFF_WINDOW_MAX ? size : CFK__VCDIFF_WINDOW_MAX;
    const uint8_t *bytes = data;
    struct encoder *e;
    struct cfk__writer w;
    size_t at = 0;

    if (encoder_new(ref, window_max, o->level, o->alloc, &e) != CFK_OK)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for level %u", o->level);
    e->segment_max = segment_max;
    cfk__writer_init(&w, dst, cfk_delta_bound(size));
    write_header(&w, size);
    do { /* an empty version has one window too, so that a patch without is none */
        size_t piece = size - at < window_max ? size - at : window_max;

        e->window_at = at;
        encode_window(e, (struct cfk__span){ size > 0 ? bytes + at : dst, piece });
        write_window(e, !o->no_checksum, &w);
        at += piece;
    } while (at < size);
    encoder_free(e);
    if (!cfk__writer_ok(&w))
        return cfk__fail(err, CFK_E_SPACE, "delta: vcdiff over its bound");
    *patch_size = cfk__writer_size(&w);
    return CFK_OK;
}

int cfk__vcdiff_encode(const cfk_delta_ref *ref, const void *data, size_t size,
                       const struct cfk_delta_encode_options *o, uint8_t *dst,
                       size_t *patch_size, struct cfk_error *err)
{
    return cfk__vcdiff_encode_within(ref, data, size, o, CFK__VCDIFF_SEGMENT_MAX, dst,
                                     patch_size, err);
}
