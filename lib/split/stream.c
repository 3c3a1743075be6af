/* SPDX-License-Identifier: MIT */
#include "split/stream.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"

#include <inttypes.h>
#include <string.h>

enum {
    HEAD_SIZE = CFK__LOCK_HEADER + CFK__PAYLOAD_PREFIX,
    SEALED_CHUNK = CFK__PAYLOAD_CHUNK + CFK__PAYLOAD_TAG,
    BATCH = 4, /* chunks that are worked off in one call */
};

/*
 * In secret memory: the head stands right before the chunks, to leave with the
 * first. A chunk that comes in pieces is gathered in the first of them; whole
 * ones go from the caller's memory through the cipher into the chunks.
 */
struct pages {
    uint8_t master[CFK__MASTER_SIZE];
    struct cfk__payload payload;
    uint8_t head[HEAD_SIZE];
    uint8_t chunks[BATCH * SEALED_CHUNK];
};

_Static_assert(offsetof(struct pages, chunks) == offsetof(struct pages, head) + HEAD_SIZE,
               "the head and the first chunk leave together");

struct stream {
    struct cfk_alloc alloc;
    struct cfk__place place;
    struct pages *pages;
    size_t skipped;  /* of the head: a lock for people has its own, read apart */
    size_t filled;   /* bytes in the chunk, or in the head while it is being read */
    uint64_t offset; /* in the lock file, of what is next to be opened */
    uint64_t payload_offset; /* of the first chunk in it, once the head is there */
    bool has_head;           /* sealing: it has left; opening: it is there */
    bool ended;              /* by finish or by a failure */
};

struct cfk_split_sealer {
    struct stream s;
};

struct cfk_split_opener {
    struct stream s;
};

static int stream_init(struct stream *s, const struct cfk__place *place,
                       const struct cfk_alloc *alloc, struct cfk_error *err)
{
    void *secret;
    int rc = cfk__secret_new(sizeof *s->pages, &secret, err);

    s->alloc = *cfk__alloc_or_default(alloc);
    s->place = *place;
    s->skipped = place->kind == CFK_LOCK_PEOPLE ? CFK__LOCK_HEADER : 0;
    s->pages = secret;
    return rc;
}

static void stream_free(struct stream *s)
{
    struct cfk_alloc alloc = s->alloc;

    if (s->pages != NULL)
        cfk__payload_end(&s->pages->payload);
    cfk__secret_free(s->pages);
    cfk__free(&alloc, s);
}

static int check_state(const struct stream *s, struct cfk_error *err)
{
    if (!s->ended)
        return CFK_OK;
    return cfk__fail(err, CFK_E_STATE, "split: the stream has ended");
}

/* Take from data what the buffer of size bytes still has room for. */
static size_t fill(struct stream *s, uint8_t *buffer, size_t size, const void *data,
                   size_t data_size)
{
    size_t take = size - s->filled;

    if (take > data_size)
        take = data_size;
    if (take > 0)
        memcpy(buffer + s->filled, data, take);
    s->filled += take;
    return take;
}

/* As many whole chunks as are there and fit, in bytes. */
static size_t whole_chunks(size_t size, size_t chunk)
{
    size_t count = size / chunk;

    return (count < BATCH ? count : BATCH) * chunk;
}

/* --- sealing --- */

static int begin_seal(struct stream *s, const uint8_t *master, struct cfk_error *err)
{
    uint8_t context[CFK__PAYLOAD_CONTEXT];
    uint8_t key[32];
    int rc = cfk__payload_key(master, key, err);

    if (rc == CFK_OK)
        rc = cfk__payload_begin_seal(
            &s->pages->payload, key,
            (struct cfk__span){ context, cfk__place_context(&s->place, context) },
            s->pages->head + CFK__LOCK_HEADER, err);
    cfk__wipe(key, sizeof key);
    if (rc == CFK_OK && s->skipped == 0)
        rc = cfk__lock_write(master, &s->place, s->pages->head, err);
    return rc;
}

int cfk__sealer_new(const uint8_t *master, const struct cfk__place *place,
                    const struct cfk_alloc *alloc, cfk_split_sealer **out,
                    struct cfk_error *err)
{
    cfk_split_sealer *sealer = cfk__calloc(alloc, 1, sizeof *sealer);
    int rc;

    if (sealer == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a sealer");
    rc = stream_init(&sealer->s, place, alloc, err);
    if (rc == CFK_OK)
        rc = begin_seal(&sealer->s, master, err);
    if (rc != CFK_OK) {
        cfk_split_sealer_free(sealer);
        return rc;
    }
    *out = sealer;
    return CFK_OK;
}

void cfk_split_sealer_free(cfk_split_sealer *sealer)
{
    if (sealer != NULL)
        stream_free(&sealer->s);
}

/* Seal size bytes of data, whole chunks or the last one, to be handed out. */
static int seal(struct stream *s, const uint8_t *data, size_t size, const void **out,
                size_t *out_size, struct cfk_error *err)
{
    uint8_t *to = s->pages->chunks;
    int rc;

    do {
        size_t take = size < CFK__PAYLOAD_CHUNK ? size : CFK__PAYLOAD_CHUNK;

        rc = cfk__payload_seal(&s->pages->payload, data, take, to, err);
        data += take;
        size -= take;
        to += take + CFK__PAYLOAD_TAG;
    } while (rc == CFK_OK && size > 0);
    s->filled = 0;
    s->ended = rc != CFK_OK;
    if (rc != CFK_OK)
        return rc;
    *out = s->has_head ? s->pages->chunks : s->pages->head + s->skipped;
    *out_size = (size_t)(to - (const uint8_t *)*out);
    s->has_head = true;
    return CFK_OK;
}

int cfk_split_sealer_update(cfk_split_sealer *sealer, const void *data, size_t size,
                            size_t *used, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    struct stream *s = &sealer->s;
    int rc = check_state(s, err);

    *used = 0;
    *out = NULL;
    *out_size = 0;
    if (rc != CFK_OK)
        return rc;
    if (s->filled == 0 && size >= CFK__PAYLOAD_CHUNK) {
        *used = whole_chunks(size, CFK__PAYLOAD_CHUNK);
        return seal(s, data, *used, out, out_size, err);
    }
    *used = fill(s, s->pages->chunks, CFK__PAYLOAD_CHUNK, data, size);
    if (s->filled < CFK__PAYLOAD_CHUNK)
        return CFK_OK;
    return seal(s, s->pages->chunks, s->filled, out, out_size, err);
}

int cfk_split_sealer_finish(cfk_split_sealer *sealer, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    struct stream *s = &sealer->s;
    int rc = check_state(s, err);

    *out = NULL;
    *out_size = 0;
    if (rc != CFK_OK)
        return rc;
    rc = seal(s, s->pages->chunks, s->filled, out, out_size, err);
    s->ended = true;
    return rc;
}

/* --- opening --- */

int cfk__opener_new(const uint8_t *master, const struct cfk__place *place,
                    const struct cfk_alloc *alloc, cfk_split_opener **out,
                    struct cfk_error *err)
{
    cfk_split_opener *opener = cfk__calloc(alloc, 1, sizeof *opener);
    int rc;

    if (opener == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for an opener");
    rc = stream_init(&opener->s, place, alloc, err);
    if (rc != CFK_OK) {
        cfk_split_opener_free(opener);
        return rc;
    }
    memcpy(opener->s.pages->master, master, CFK__MASTER_SIZE);
    opener->s.filled = opener->s.skipped;
    opener->s.offset = place->kind == CFK_LOCK_PEOPLE ? CFK_LOCK_HEAD : 0;
    *out = opener;
    return CFK_OK;
}

void cfk_split_opener_free(cfk_split_opener *opener)
{
    if (opener != NULL)
        stream_free(&opener->s);
}

/* The head is complete: judge it, and make the payload's key ready. */
static int begin_open(struct stream *s, struct cfk_error *err)
{
    struct pages *pages = s->pages;
    uint8_t context[CFK__PAYLOAD_CONTEXT];
    uint8_t key[32];
    int rc = CFK_OK;

    if (s->skipped == 0)
        rc = cfk__lock_read(pages->master, pages->head, &s->place, err);
    if (rc == CFK_OK)
        rc = cfk__payload_key(pages->master, key, err);
    if (rc == CFK_OK)
        rc = cfk__payload_begin_open(
            &pages->payload, key,
            (struct cfk__span){ context, cfk__place_context(&s->place, context) },
            pages->head + CFK__LOCK_HEADER, err);
    cfk__wipe(key, sizeof key);
    cfk__wipe(pages->master, sizeof pages->master);
    s->has_head = rc == CFK_OK;
    s->ended = rc != CFK_OK;
    s->filled = 0;
    s->payload_offset = s->offset;
    return rc;
}

/*
 * Open size bytes of data, whole chunks or the last one, of which the first is
 * at the offset. Of several, those before one that is damaged go out first;
 * *used is how many bytes they were.
 */
static int open_data(struct stream *s, const uint8_t *data, size_t size, size_t *used,
                     const void **out, size_t *out_size, struct cfk_error *err)
{
    uint8_t *to = s->pages->chunks;
    int rc = CFK_OK;

    *used = 0;
    while (*used < size) {
        size_t take = size - *used < SEALED_CHUNK ? size - *used : SEALED_CHUNK;

        rc = cfk__payload_open(&s->pages->payload, data + *used, take, to, err);
        if (rc != CFK_OK)
            break;
        *used += take;
        to += take - CFK__PAYLOAD_TAG;
    }
    s->filled = 0;
    if (rc != CFK_OK && *used == 0) {
        s->ended = true;
        if (err != NULL)
            err->offset = s->offset;
        return rc;
    }
    s->offset += *used;
    *out = s->pages->chunks;
    *out_size = (size_t)(to - s->pages->chunks);
    return CFK_OK;
}

/* The chunk that was gathered, whole or the last one. */
static int open_gathered(struct stream *s, const void **out, size_t *out_size,
                         struct cfk_error *err)
{
    size_t size = s->filled;

    return open_data(s, s->pages->chunks, size, &size, out, out_size, err);
}

int cfk_split_opener_update(cfk_split_opener *opener, const void *data, size_t size,
                            size_t *used, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    struct stream *s = &opener->s;
    int rc = check_state(s, err);

    *used = 0;
    *out = NULL;
    *out_size = 0;
    if (rc != CFK_OK)
        return rc;
    if (!s->has_head) {
        *used = fill(s, s->pages->head, HEAD_SIZE, data, size);
        s->offset += *used;
        return s->filled < HEAD_SIZE ? CFK_OK : begin_open(s, err);
    }
    if (s->filled == 0 && size >= SEALED_CHUNK) {
        size = whole_chunks(size, SEALED_CHUNK);
        return open_data(s, data, size, used, out, out_size, err);
    }
    *used = fill(s, s->pages->chunks, SEALED_CHUNK, data, size);
    return s->filled < SEALED_CHUNK ? CFK_OK : open_gathered(s, out, out_size, err);
}

int cfk_split_opener_finish(cfk_split_opener *opener, const void **out, size_t *out_size,
                            struct cfk_error *err)
{
    struct stream *s = &opener->s;
    int rc = check_state(s, err);

    *out = NULL;
    *out_size = 0;
    if (rc != CFK_OK)
        return rc;
    if (s->has_head && s->filled >= CFK__PAYLOAD_TAG)
        rc = open_gathered(s, out, out_size, err);
    else
        rc = cfk__fail_at(err, CFK_E_CORRUPT, s->offset + (s->has_head ? s->filled : 0),
                          "split: a lock file cut short");
    s->ended = true;
    return rc;
}

/* --- random access --- */

static int check_head(const struct stream *s, struct cfk_error *err)
{
    if (s->has_head)
        return CFK_OK;
    return cfk__fail(err, CFK_E_STATE, "split: the head of the lock file was not read");
}

int cfk_split_opener_locate(const cfk_split_opener *opener, uint64_t offset, size_t size,
                            uint64_t *file_offset, size_t *file_size,
                            struct cfk_error *err)
{
    const struct stream *s = &opener->s;
    uint64_t first = offset / CFK__PAYLOAD_CHUNK;
    uint64_t end = offset % CFK__PAYLOAD_CHUNK;
    uint64_t count;
    int rc = check_head(s, err);

    *file_offset = 0;
    *file_size = 0;
    if (rc != CFK_OK)
        return rc;
    if (first >= CFK__PAYLOAD_CHUNKS || size > SIZE_MAX / 2)
        return cfk__fail(err, CFK_E_LIMIT,
                         "split: %zu bytes at %" PRIu64 " are over 4 PiB", size, offset);
    end += size;
    count = (end + CFK__PAYLOAD_CHUNK - 1) / CFK__PAYLOAD_CHUNK;
    *file_offset = s->payload_offset + first * SEALED_CHUNK;
    *file_size = (size_t)(count > 0 ? count : 1) * SEALED_CHUNK;
    return CFK_OK;
}

/* What is wanted of a chunk of size bytes: skip bytes, then up to left. */
static size_t copy_part(const uint8_t *plain, size_t size, size_t skip, uint8_t *out,
                        size_t left)
{
    size_t take = size > skip ? size - skip : 0;

    if (take > left)
        take = left;
    if (take > 0)
        memcpy(out, plain + skip, take);
    return take;
}

int cfk_split_opener_read_at(cfk_split_opener *opener, uint64_t offset, const void *data,
                             size_t data_size, void *out, size_t size, size_t *out_size,
                             struct cfk_error *err)
{
    struct stream *s = &opener->s;
    uint8_t *plain = s->pages->chunks + SEALED_CHUNK; /* the first may be gathering */
    const uint8_t *p = data;
    uint64_t number = offset / CFK__PAYLOAD_CHUNK;
    size_t skip = offset % CFK__PAYLOAD_CHUNK;
    size_t done = 0;
    size_t take = SEALED_CHUNK;
    int rc = check_head(s, err);

    *out_size = 0;
    while (rc == CFK_OK && done < size && take == SEALED_CHUNK) {
        take = data_size < SEALED_CHUNK ? data_size : SEALED_CHUNK;
        rc = cfk__payload_open_at(&s->pages->payload, number, p, take, plain, err);
        if (rc != CFK_OK) {
            if (err != NULL)
                err->offset = s->payload_offset + number * SEALED_CHUNK;
            break;
        }
        done += copy_part(plain, take - CFK__PAYLOAD_TAG, skip, (uint8_t *)out + done,
                          size - done);
        skip = 0;
        number++;
        p += take;
        data_size -= take;
    }
    cfk__wipe(plain, CFK__PAYLOAD_CHUNK);
    if (rc == CFK_OK)
        *out_size = done;
    else if (done > 0)
        cfk__wipe(out, done);
    return rc;
}
