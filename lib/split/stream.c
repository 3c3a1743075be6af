/* SPDX-License-Identifier: MIT */
#include "split/stream.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum {
    HEAD_SIZE = CFK__LOCK_HEADER + CFK__PAYLOAD_PREFIX,
    SEALED_CHUNK = CFK__PAYLOAD_CHUNK + CFK__PAYLOAD_TAG,
};

/* In secret memory: the head stands right before the chunk, to leave with the first. */
struct pages {
    uint8_t master[CFK__MASTER_SIZE];
    struct cfk__payload payload;
    uint8_t head[HEAD_SIZE];
    uint8_t chunk[SEALED_CHUNK];
};

_Static_assert(offsetof(struct pages, chunk) == offsetof(struct pages, head) + HEAD_SIZE,
               "the head and the first chunk leave together");

struct stream {
    struct cfk_alloc alloc;
    struct cfk__place place;
    struct pages *pages;
    size_t skipped;  /* of the head: a lock for people has its own, read apart */
    size_t filled;   /* bytes in the chunk, or in the head while it is being read */
    uint64_t offset; /* bytes of the lock file that were read */
    bool has_head;   /* sealing: it has left; opening: it is there */
    bool ended;      /* by finish or by a failure */
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

/* Seal what is in the chunk and hand it out, the first time with the head. */
static int emit_sealed(struct stream *s, const void **out, size_t *out_size,
                       struct cfk_error *err)
{
    int rc = cfk__payload_seal(&s->pages->payload, s->pages->chunk, s->filled, err);

    if (rc != CFK_OK) {
        s->ended = true;
        return rc;
    }
    *out = s->has_head ? s->pages->chunk : s->pages->head + s->skipped;
    *out_size = s->filled + CFK__PAYLOAD_TAG + (s->has_head ? 0 : HEAD_SIZE - s->skipped);
    s->has_head = true;
    s->filled = 0;
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
    *used = fill(s, s->pages->chunk, CFK__PAYLOAD_CHUNK, data, size);
    if (s->filled < CFK__PAYLOAD_CHUNK)
        return CFK_OK;
    return emit_sealed(s, out, out_size, err);
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
    rc = emit_sealed(s, out, out_size, err);
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
    return rc;
}

/* What is in the chunk, opened, or the failure with the offset of the chunk. */
static int emit_opened(struct stream *s, const void **out, size_t *out_size,
                       struct cfk_error *err)
{
    int rc = cfk__payload_open(&s->pages->payload, s->pages->chunk, s->filled, err);

    if (rc != CFK_OK) {
        s->ended = true;
        if (err != NULL)
            err->offset = s->offset - s->filled;
        return rc;
    }
    *out_size = s->filled - CFK__PAYLOAD_TAG;
    *out = s->pages->chunk;
    s->filled = 0;
    return CFK_OK;
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
    *used = fill(s, s->pages->chunk, SEALED_CHUNK, data, size);
    s->offset += *used;
    return s->filled < SEALED_CHUNK ? CFK_OK : emit_opened(s, out, out_size, err);
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
        rc = emit_opened(s, out, out_size, err);
    else
        rc = cfk__fail_at(err, CFK_E_CORRUPT, s->offset, "split: a lock file cut short");
    s->ended = true;
    return rc;
}
