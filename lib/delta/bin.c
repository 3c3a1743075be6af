/* SPDX-License-Identifier: MIT */
#include "delta/bin.h"

#include "base/alloc.h"
#include "delta/bin_walk.h"
#include "delta/load.h"

#include <string.h>

enum {
    SAMPLES = 64, /* places looked at to tell text, */
    SAMPLE = 64,  /* and bytes there */
    PENDING = 4 * CFK__BIN_STEP_CODE,
    PENALTY = 1, /* for a byte that does not agree where addresses may be in the way, */
    MOVED_PENALTY = 4, /* and where they are not */
};

struct cfk__bin_body {
    struct cfk_alloc alloc;
    struct cfk__bin_walk *walk;
    struct cfk__bin_bits bits;
    enum { BODY_SIZE, PIECE_COUNT, PIECES, DATA, END } at;
    uint64_t size; /* of the body, what is not yet among the pending bytes */
    unsigned size_bits;
    size_t pieces; /* that are to come */
    size_t pending_size;
    uint8_t pending[PENDING];
};

uint64_t cfk__bin_memory(uint64_t old_size, uint64_t new_size)
{
    return old_size + new_size + sizeof(struct cfk__bin_walk) + (UINT64_C(34) << 20);
}

bool cfk__bin_executable(struct cfk__span file)
{
    struct cfk__bin_image image;

    cfk__bin_image_read(&image, file);
    return image.count > 0;
}

bool cfk__bin_suits(struct cfk__span new_version)
{
    size_t stride = new_version.size / SAMPLES;
    size_t seen = 0;
    size_t control = 0;

    for (size_t i = 0; i < SAMPLES; i++) {
        const uint8_t *p = new_version.data + i * stride;

        for (size_t j = 0; j < SAMPLE && j < stride; j++, seen++)
            control += p[j] < 32 && p[j] != '\n' && p[j] != '\r' && p[j] != '\t';
    }
    return control * 50 > seen;
}

static bool write_body(struct cfk__bin_walk *w, struct cfk__bin_bits *b,
                       struct cfk__span data)
{
    cfk__bin_code_number(&w->model, b, CFK__BIN_COUNT, (uint32_t)w->pieces.count);
    for (size_t i = 0; i < w->pieces.count; i++) {
        struct cfk__bin_piece p = w->pieces.list[i];

        cfk__bin_walk_piece(w, b, &p);
    }
    if (cfk__bin_walk_begin(w) != CFK_OK)
        return false;
    while (w->known < data.size && cfk__writer_ok(b->to.out))
        cfk__bin_walk_step(w, b, data.data);
    cfk__cm_encoder_finish(&b->to);
    return true;
}

/*
 * A copy of a version in which tables of jumps hold the difference to the entry before,
 * so that they are alike wherever they and their code lie.
 */
static int unplaced(const struct cfk_alloc *alloc, const struct cfk__bin_image *image,
                    struct cfk__span version, struct cfk__bin_fields *fields,
                    uint8_t **out)
{
    int rc = cfk__bin_fields_find(fields, alloc, image, version);
    uint32_t last = 0;

    *out = rc == CFK_OK ? cfk__malloc(alloc, version.size) : NULL;
    if (*out == NULL)
        return CFK_E_NOMEM;
    memcpy(*out, version.data, version.size);
    for (size_t i = 0; i < version.size; i++) {
        uint32_t value;

        if (fields->kinds[i] != CFK__BIN_TABLE)
            continue;
        value = cfk__load32le(version.data + i);
        for (unsigned j = 0; j < CFK__BIN_FIELD_SIZE; j++)
            (*out)[i + j] = (uint8_t)((value - last) >> 8 * j);
        last = value;
    }
    return CFK_OK;
}

/* Pieces as they are where addresses are left alone, but for tables of jumps. */
static int align_unplaced(struct cfk__bin_walk *w, const struct cfk__bin_image images[2],
                          struct cfk__span new_version, uint32_t steps,
                          struct cfk__bin_fields *old_fields)
{
    struct cfk__bin_fields new_fields = { .kinds = NULL };
    uint8_t *old_copy = NULL;
    uint8_t *new_copy = NULL;
    int rc = unplaced(&w->alloc, &images[0], w->old, old_fields, &old_copy);

    if (rc == CFK_OK)
        rc = unplaced(&w->alloc, &images[1], new_version, &new_fields, &new_copy);
    if (rc == CFK_OK)
        rc = cfk__bin_align((struct cfk__span){ old_copy, w->old.size },
                            (struct cfk__span){ new_copy, new_version.size }, steps,
                            PENALTY, &w->pieces);
    cfk__free(&w->alloc, new_fields.kinds);
    cfk__free(&w->alloc, old_copy);
    cfk__free(&w->alloc, new_copy);
    return rc;
}

/* Align; then align again what has its addresses moved by the first result. */
static int find_pieces(struct cfk__bin_walk *w, struct cfk__span new_version,
                       uint32_t steps)
{
    struct cfk__bin_image images[2];
    struct cfk__bin_fields fields = { .kinds = NULL };
    struct cfk__bin_map *map = NULL;
    uint8_t *relocated = NULL;
    int rc;

    cfk__bin_image_read(&images[0], w->old);
    cfk__bin_image_read(&images[1], new_version);
    if (images[0].count == 0 || images[1].count == 0)
        return cfk__bin_align(w->old, new_version, steps, PENALTY, &w->pieces);
    rc = align_unplaced(w, images, new_version, steps, &fields);
    map = cfk__calloc(&w->alloc, 1, sizeof *map);
    if (rc == CFK_OK)
        rc = map == NULL ? CFK_E_NOMEM
                         : cfk__bin_map_init(map, &images[0], &images[1], &w->pieces);
    if (rc == CFK_OK) {
        relocated = cfk__bin_relocated(&w->alloc, map, &fields, w->old);
        rc = relocated == NULL ? CFK_E_NOMEM : CFK_OK;
    }
    if (rc == CFK_OK) {
        w->pieces.count = 0;
        rc = cfk__bin_align((struct cfk__span){ relocated, w->old.size }, new_version,
                            steps, MOVED_PENALTY, &w->pieces);
    }
    cfk__free(&w->alloc, relocated);
    cfk__free(&w->alloc, fields.kinds);
    cfk__free(&w->alloc, map != NULL ? map->pieces : NULL);
    cfk__free(&w->alloc, map);
    return rc;
}

int cfk__bin_encode_body(const struct cfk_alloc *alloc, struct cfk__span old,
                         struct cfk__span new_version, uint32_t steps, uint8_t *out,
                         size_t capacity, size_t *size)
{
    struct cfk__bin_bits bits = { .reading = false };
    struct cfk__bin_walk *w;
    struct cfk__writer length;
    struct cfk__writer body;
    uint8_t head[10];
    int rc = cfk__bin_walk_new(alloc, old, new_version.size, &w);

    *size = 0;
    cfk__writer_init(&body, out, capacity);
    cfk__cm_encoder_init(&bits.to, &body);
    if (rc == CFK_OK)
        rc = find_pieces(w, new_version, steps);
    if (rc == CFK_OK && !write_body(w, &bits, new_version))
        rc = CFK_E_NOMEM;
    cfk__bin_walk_free(w);
    if (rc != CFK_OK)
        return rc;
    cfk__writer_init(&length, head, sizeof head);
    cfk__write_varint(&length, cfk__writer_size(&body));
    if (!cfk__writer_ok(&body) ||
        capacity - cfk__writer_size(&body) < cfk__writer_size(&length))
        return CFK_E_SPACE;
    memmove(out + cfk__writer_size(&length), out, cfk__writer_size(&body));
    memcpy(out, head, cfk__writer_size(&length));
    *size = cfk__writer_size(&body) + cfk__writer_size(&length);
    return CFK_OK;
}

int cfk__bin_body_new(const struct cfk_alloc *alloc, struct cfk__span old,
                      size_t new_size, struct cfk__bin_body **out)
{
    struct cfk__bin_body *b = cfk__calloc(alloc, 1, sizeof *b);

    *out = NULL;
    if (b == NULL)
        return CFK_E_NOMEM;
    b->alloc = *cfk__alloc_or_default(alloc);
    b->bits.reading = true;
    cfk__cm_decoder_init(&b->bits.from);
    if (cfk__bin_walk_new(alloc, old, new_size, &b->walk) != CFK_OK) {
        cfk__bin_body_free(b);
        return CFK_E_NOMEM;
    }
    *out = b;
    return CFK_OK;
}

void cfk__bin_body_free(struct cfk__bin_body *b)
{
    struct cfk_alloc alloc;

    if (b == NULL)
        return;
    alloc = b->alloc;
    cfk__bin_walk_free(b->walk);
    cfk__free(&alloc, b);
}

/* The bytes of the size, of 7 bits each, the lowest first; false: not a size. */
static enum cfk__cm_progress take_size(struct cfk__bin_body *b, struct cfk__reader *in)
{
    uint8_t byte;

    while (cfk__read_u8(in, &byte)) {
        if (b->size_bits > 35 || (byte == 0 && b->size_bits > 0))
            return CFK__CM_WRONG;
        b->size |= (uint64_t)(byte & 127) << b->size_bits;
        b->size_bits += 7;
        if (byte < 128) {
            b->at = PIECE_COUNT;
            return CFK__CM_WHOLE;
        }
    }
    return CFK__CM_MORE;
}

/* Move what was taken from in to the pending bytes; whether a step may be made. */
static bool fill(struct cfk__bin_body *b, struct cfk__reader *in)
{
    size_t left = cfk__reader_left(&b->bits.in);
    size_t more;
    struct cfk__span taken;

    if (left >= CFK__BIN_STEP_CODE || b->size == 0)
        return true;
    if (left > 0)
        memmove(b->pending, b->bits.in.pos, left);
    more = PENDING - left;
    more = more < b->size ? more : (size_t)b->size;
    more = more < cfk__reader_left(in) ? more : cfk__reader_left(in);
    if (cfk__read_span(in, more, &taken) && more > 0)
        memcpy(b->pending + left, taken.data, more);
    b->size -= more;
    cfk__reader_init(&b->bits.in, b->pending, left + more);
    return left + more >= CFK__BIN_STEP_CODE || b->size == 0;
}

/* A count or a piece. */
static enum cfk__cm_progress take_piece(struct cfk__bin_body *b)
{
    struct cfk__bin_walk *w = b->walk;
    struct cfk__bin_piece piece = { 0, 0, 0 };

    if (b->at == PIECE_COUNT) {
        b->pieces = cfk__bin_code_number(&w->model, &b->bits, CFK__BIN_COUNT, 0);
        b->at = PIECES;
        return b->pieces <= w->new_size / CFK__BIN_PIECE_MIN ? CFK__CM_MORE
                                                             : CFK__CM_WRONG;
    }
    if (b->pieces == 0) {
        b->at = DATA;
        return cfk__bin_walk_begin(w) == CFK_OK ? CFK__CM_MORE : CFK__CM_NO_MEMORY;
    }
    b->pieces--;
    if (!cfk__bin_walk_piece(w, &b->bits, &piece))
        return CFK__CM_WRONG;
    return cfk__bin_pieces_add(&w->pieces, piece) == CFK_OK ? CFK__CM_MORE
                                                            : CFK__CM_NO_MEMORY;
}

static bool ends_right(struct cfk__bin_body *b)
{
    return cfk__cm_decoder_finish(&b->bits.from, &b->bits.in) == CFK__CM_END &&
           cfk__reader_left(&b->bits.in) == 0 && b->size == 0;
}

enum cfk__cm_progress cfk__bin_body_take(struct cfk__bin_body *b, struct cfk__reader *in,
                                         size_t most)
{
    struct cfk__bin_walk *w = b->walk;
    size_t end = w->new_size - w->known < most ? w->new_size : w->known + most;

    if (b->at == BODY_SIZE) {
        enum cfk__cm_progress p = take_size(b, in);

        if (p != CFK__CM_WHOLE)
            return p;
    }
    for (;;) {
        enum cfk__cm_progress p = CFK__CM_MORE;

        if (b->at == DATA && w->known >= end && end < w->new_size)
            return CFK__CM_MORE;
        if (!fill(b, in))
            return CFK__CM_MORE;
        if (b->at < DATA)
            p = take_piece(b);
        else if (w->known < w->new_size)
            cfk__bin_walk_step(w, &b->bits, NULL);
        else
            return ends_right(b) ? CFK__CM_WHOLE : CFK__CM_WRONG;
        if (p != CFK__CM_MORE)
            return p;
        if (b->bits.starved)
            return CFK__CM_WRONG;
    }
}

struct cfk__span cfk__bin_body_known(const struct cfk__bin_body *b)
{
    return (struct cfk__span){ b->walk->new, b->walk->known };
}
