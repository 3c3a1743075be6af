/* SPDX-License-Identifier: MIT */
#include "delta/bin_walk.h"

#include "base/alloc.h"
#include "delta/load.h"

#include <string.h>

enum {
    RECALL_SURE = 16, /* bytes that agree from which one decision makes a byte */
    FRESH_STEP = 16,  /* bytes without a prediction in a step */
    ALIGN = 16,       /* slots */
    SLOTS_LOG_MIN = 14,
    SLOTS_LOG_MAX = 22,
    MASK = CFK__BIN_AHEAD - 1,
    TABLE_LOG_MIN = 8, /* of what addresses became */
    TABLE_LOG_MAX = 18,
};

/* A line of slots is a line of the cache. */
static struct cfk__bin_slot *aligned(struct cfk__bin_slot *slots)
{
    uintptr_t beyond = (uintptr_t)slots % (ALIGN * sizeof *slots);

    return beyond == 0 ? slots : slots + (ALIGN - beyond / sizeof *slots);
}

/* The logarithm of a table for size things. */
static unsigned log_of(uint64_t size, unsigned least, unsigned most)
{
    unsigned log = least;

    while (log < most && size >> log != 0)
        log++;
    return log;
}

int cfk__bin_walk_new(const struct cfk_alloc *alloc, struct cfk__span old,
                      size_t new_size, struct cfk__bin_walk **out)
{
    struct cfk__bin_walk *w = cfk__calloc(alloc, 1, sizeof *w);
    unsigned log = log_of(new_size / 2, SLOTS_LOG_MIN, SLOTS_LOG_MAX);
    unsigned flag_log = log_of(new_size, CFK__BIN_FLAG_LOG_MIN, CFK__BIN_FLAG_LOG_MAX);

    *out = w;
    if (w == NULL)
        return CFK_E_NOMEM;
    w->alloc = *cfk__alloc_or_default(alloc);
    w->old = old;
    w->new_size = new_size;
    w->pieces.alloc = &w->alloc;
    w->new = cfk__malloc(alloc, new_size);
    w->slots = cfk__calloc(alloc, ((size_t)1 << log) + ALIGN, sizeof *w->slots);
    w->flags =
        cfk__calloc(alloc, (size_t)CFK__BIN_FLAG_CONTEXTS << flag_log, sizeof *w->flags);
    w->told.log = w->map.learned_log = log_of(new_size / 8, TABLE_LOG_MIN, TABLE_LOG_MAX);
    w->told.said = cfk__calloc(alloc, (size_t)1 << w->told.log, sizeof *w->told.said);
    w->map.learned =
        cfk__calloc(alloc, (size_t)1 << w->map.learned_log, sizeof *w->map.learned);
    if (w->new == NULL || w->slots == NULL || w->flags == NULL || w->told.said == NULL ||
        w->map.learned == NULL)
        return CFK_E_NOMEM;
    cfk__bin_model_init(&w->model, aligned(w->slots), UINT32_C(1) << log, w->flags,
                        flag_log);
    return CFK_OK;
}

void cfk__bin_walk_free(struct cfk__bin_walk *w)
{
    struct cfk_alloc alloc;

    if (w == NULL)
        return;
    alloc = w->alloc;
    cfk__bin_pieces_free(&w->pieces);
    cfk__bin_recall_free(&w->recall, &alloc);
    cfk__free(&alloc, w->map.pieces);
    cfk__free(&alloc, w->fields.kinds);
    cfk__free(&alloc, w->slots);
    cfk__free(&alloc, w->flags);
    cfk__free(&alloc, w->told.said);
    cfk__free(&alloc, w->map.learned);
    cfk__free(&alloc, w->new);
    cfk__free(&alloc, w);
}

bool cfk__bin_walk_piece(struct cfk__bin_walk *w, struct cfk__bin_bits *b,
                         struct cfk__bin_piece *piece)
{
    const struct cfk__bin_pieces *p = &w->pieces;
    struct cfk__bin_piece end = { 0, 0, 0 };
    uint32_t gap;
    uint32_t jump;
    uint32_t from;

    if (w->piece > 0) {
        const struct cfk__bin_piece *last = &p->list[w->piece - 1];

        end.at = last->at + last->size;
        end.from = last->from + last->size;
    }
    gap = cfk__bin_code_number(&w->model, b, CFK__BIN_GAP, piece->at - end.at);
    piece->size = cfk__bin_code_number(&w->model, b, CFK__BIN_LENGTH, piece->size);
    jump = piece->from - (end.from + gap);
    jump = cfk__bin_code_number(&w->model, b, CFK__BIN_JUMP, jump << 1 ^ -(jump >> 31));
    from = end.from + gap + (jump >> 1 ^ -(jump & 1));
    piece->at = end.at + gap;
    piece->from = from;
    w->piece++;
    return gap <= w->new_size - end.at && piece->size <= w->new_size - piece->at &&
           piece->size >= CFK__BIN_PIECE_MIN && from <= w->old.size &&
           piece->size <= w->old.size - from;
}

int cfk__bin_walk_begin(struct cfk__bin_walk *w)
{
    int rc;

    w->piece = 0;
    cfk__bin_image_read(&w->old_image, w->old);
    rc = cfk__bin_fields_find(&w->fields, &w->alloc, &w->old_image, w->old);
    if (rc == CFK_OK)
        rc = cfk__bin_map_init(&w->map, &w->old_image, &w->new_image, &w->pieces);
    if (rc == CFK_OK)
        rc = cfk__bin_recall_init(&w->recall, &w->alloc, w->old, w->new, w->new_size);
    return rc;
}

/* The new version's layout, once its head is known. Until then no address is moved. */
static void read_new_image(struct cfk__bin_walk *w)
{
    struct cfk__span known = { w->new, w->known };

    if (w->new_image_read || cfk__bin_image_head(known) > w->known)
        return;
    w->new_image_read = true;
    cfk__bin_image_read(&w->new_image, known);
    cfk__bin_bases_init(&w->bases, &w->fields, &w->map);
}

/* What may have become of a field of the old version. */
static void guess(const struct cfk__bin_walk *w, enum cfk__bin_field kind,
                  const uint64_t here[2], const uint8_t *field, uint64_t bases[2],
                  struct cfk__bin_guesses *g)
{
    cfk__bin_bases_find(&w->bases, kind, here, bases);
    cfk__bin_map_guess(&w->map, kind, bases[0] + cfk__bin_field_value(kind, field), g);
    cfk__bin_told_guess(&w->told, kind, here[1], g);
}

/* The addresses of a field in both versions; false: it is not in memory. */
static bool find_here(const struct cfk__bin_walk *w, size_t from, size_t at,
                      uint64_t here[2])
{
    if (!cfk__bin_image_address(&w->old_image, from, &here[0]))
        return false;
    if (!cfk__bin_image_address(&w->new_image, at, &here[1]))
        here[1] = here[0];
    return true;
}

/* Predict the field at a place by the one that it is laid over. */
static void predict_field(struct cfk__bin_walk *w, enum cfk__bin_field kind, size_t from,
                          size_t at)
{
    uint32_t raw = cfk__load32le(w->old.data + from);
    uint32_t value = raw;
    uint64_t here[2];
    int chosen = -1;

    if (find_here(w, from, at, here)) {
        struct cfk__bin_guesses g;
        uint64_t bases[2];

        guess(w, kind, here, w->old.data + from, bases, &g);
        chosen = cfk__bin_map_choose(&w->map, kind, &g);
        if (chosen >= 0)
            value = (uint32_t)(g.to[chosen] - bases[1]);
    }
    for (unsigned i = 0; i < CFK__BIN_FIELD_SIZE; i++) {
        w->right[(at + i) & MASK] = (uint8_t)(value >> 8 * i);
        w->traits[(at + i) & MASK] =
            (uint8_t)((unsigned)kind << 4 | i << 2 | (unsigned)(chosen == 0) << 1 |
                      (value != raw));
    }
}

/* What the new version made of a field, now that it is known. */
static void learn_field(struct cfk__bin_walk *w, enum cfk__bin_field kind, size_t from,
                        size_t at)
{
    struct cfk__bin_guesses g;
    uint64_t bases[2];
    uint64_t here[2];
    uint64_t to;

    if (!find_here(w, from, at, here))
        return;
    guess(w, kind, here, w->old.data + from, bases, &g);
    to = bases[1] + cfk__bin_field_value(kind, w->new + at);
    cfk__bin_map_learn(&w->map, &w->model.math, kind, &g, to);
    cfk__bin_told_learn(&w->told, kind, w->new, at, here[1], to, w->bases.frame_index[1]);
}

static unsigned bounded(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

static bool no_fields(const struct cfk__bin_walk *w, size_t from, size_t size)
{
    static const uint8_t none[CFK__BIN_STEP];

    return w->new_image.count == 0 || memcmp(w->fields.kinds + from, none, size) == 0;
}

/* Predictions up to end, the end of a step; returns what tells how likely all of them are
 * right. */
static uint32_t predict(struct cfk__bin_walk *w, const struct cfk__bin_piece *p,
                        size_t end)
{
    unsigned fields = 0;
    unsigned moved = 0;

    if (w->predicted < w->known)
        w->predicted = w->known;
    w->plain = w->predicted == w->known &&
               no_fields(w, p->from + (w->known - p->at), end - w->known);
    if (w->plain) {
        memcpy(&w->right[w->known & MASK], w->old.data + p->from + (w->known - p->at),
               end - w->known);
        memset(&w->traits[w->known & MASK], 0, end - w->known);
        w->predicted = end;
    }
    while (w->predicted < end) {
        size_t at = w->predicted;
        size_t from = p->from + (at - p->at);
        uint8_t kind = w->new_image.count > 0 ? w->fields.kinds[from] : CFK__BIN_NONE;

        if (kind != CFK__BIN_NONE && p->at + p->size - at >= CFK__BIN_FIELD_SIZE) {
            predict_field(w, (enum cfk__bin_field)kind, from, at);
            w->predicted += CFK__BIN_FIELD_SIZE;
            fields++;
            moved += w->traits[at & MASK] & 1;
            continue;
        }
        w->right[at & MASK] = w->old.data[from];
        w->traits[at & MASK] = 0;
        w->predicted++;
    }
    return (w->wrong_chunks & 15) | bounded(moved, 7) << 4 | bounded(fields, 3) << 7 |
           (uint32_t)(end - w->known < CFK__BIN_STEP) << 9;
}

/* Bytes by their distance from a place, and 0 beyond the ends. */
static uint32_t known_byte(const struct cfk__bin_walk *w, size_t back)
{
    return back <= w->known ? w->new[w->known - back] : 0;
}

static uint32_t old_byte(const struct cfk__bin_walk *w, size_t from, ptrdiff_t offset)
{
    size_t at = from + (size_t)offset;

    return at < w->old.size ? w->old.data[at] : 0;
}

static uint32_t mixed(uint32_t a, uint32_t b, uint32_t salt)
{
    return cfk__cm_hash((uint64_t)a << 32 | b, salt);
}

static bool is_right(struct cfk__bin_walk *w, struct cfk__bin_bits *b, bool right)
{
    uint8_t predicted = w->right[w->known & MASK];
    uint32_t traits = w->traits[w->known & MASK];
    uint32_t before = w->known > 0 ? w->right[(w->known - 1) & MASK] : 0;
    uint32_t c1 = known_byte(w, 1);
    uint32_t c2 = known_byte(w, 2);
    struct cfk__bin_flag flag = {
        .contexts = {
            (w->wrong_bytes & 255) | traits << 8,
            mixed(predicted | before << 8 | traits << 16 | (w->wrong_bytes & 3) << 24, c1, 1),
            mixed(traits >> 2, (w->wrong_bytes & 15) | c1 << 8 | c2 << 16, 2),
        },
        .rows = { (traits >> 2) * 4 + (w->wrong_bytes & 3), w->wrong_bytes & 255, predicted },
    };

    return cfk__bin_code_flag(&w->model, b, &flag, right);
}

/* The byte where the prediction is wrong. */
static uint8_t fixed_byte(struct cfk__bin_walk *w, struct cfk__bin_bits *b, size_t from,
                          uint8_t truth)
{
    uint32_t predicted = w->right[w->known & MASK];
    uint32_t traits = w->traits[w->known & MASK];
    uint32_t before = w->known > 0 ? w->right[(w->known - 1) & MASK] : 0;
    uint32_t raw = old_byte(w, from, 0);
    uint32_t c1 = known_byte(w, 1);
    uint32_t c2 = known_byte(w, 2);
    uint32_t next = old_byte(w, from, 1);
    uint8_t value;
    const struct cfk__bin_context c = {
        .sort = CFK__BIN_FIXED,
        .hashes = {
            mixed(predicted | traits << 8, 0, 0),
            mixed(c1 | c2 << 8, 1, 0),
            mixed(c1 | predicted << 8 | traits << 16, before, 0),
            mixed(c1 | c2 << 8 | known_byte(w, 3) << 16, 0, 0),
            mixed(w->last_fix | predicted << 8 | traits << 16, 0, 0),
            mixed(traits, 0, 0),
            mixed(predicted | old_byte(w, from, -1) << 8 | old_byte(w, from, -2) << 16 |
                      next << 24, traits, 0),
            mixed(predicted | next << 8 | old_byte(w, from, 2) << 16, traits, 0),
        },
        .hints = { raw != predicted ? (int)raw : -1,
                   (int)((predicted + w->last_fix) & 255) },
        .hint_rows = { traits, traits },
        .rows = { traits >> 2 | (w->wrong_bytes >> 1 & 3) << 6, predicted },
    };

    value = cfk__bin_code_byte(&w->model, b, &c, truth);
    w->last_fix = (uint8_t)(value - predicted);
    return value;
}

/* Fields that end among the bytes from start on. */
static void learn_fields(struct cfk__bin_walk *w, const struct cfk__bin_piece *p,
                         size_t start)
{
    for (size_t at = start; at < w->known; at++) {
        uint32_t traits = w->traits[at & MASK];
        size_t first = at - (CFK__BIN_FIELD_SIZE - 1);

        if (traits >> 4 != CFK__BIN_NONE && (traits >> 2 & 3) == CFK__BIN_FIELD_SIZE - 1)
            learn_field(w, (enum cfk__bin_field)(traits >> 4), p->from + (first - p->at),
                        first);
    }
}

/* The bytes of a piece up to the next multiple of CFK__BIN_STEP. */
static void step_piece(struct cfk__bin_walk *w, struct cfk__bin_bits *b,
                       const struct cfk__bin_piece *p, const uint8_t *truth)
{
    size_t start = w->known;
    size_t end = (start | (CFK__BIN_STEP - 1)) + 1;
    uint32_t row;
    bool right;

    if (end > p->at + p->size)
        end = p->at + p->size;
    row = predict(w, p, end);
    memcpy(w->new + start, &w->right[start & MASK], end - start);
    right = truth == NULL || memcmp(truth + start, w->new + start, end - start) == 0;
    right = cfk__bin_code_chunk(&w->model, b, row, right);
    w->wrong_chunks = w->wrong_chunks << 1 | !right;
    if (right) {
        w->known = end;
    } else {
        for (; w->known < end; w->known++) {
            uint8_t *byte = &w->new[w->known];
            uint8_t value = truth == NULL ? 0 : truth[w->known];
            bool as_predicted = is_right(w, b, value == *byte);

            w->wrong_bytes = w->wrong_bytes << 1 | !as_predicted;
            if (!as_predicted)
                *byte = fixed_byte(w, b, p->from + (w->known - p->at), value);
        }
    }
    if (!w->plain)
        learn_fields(w, p, start);
}

static uint8_t fresh_byte(struct cfk__bin_walk *w, struct cfk__bin_bits *b, uint8_t truth)
{
    int expected = cfk__bin_recall_expect(&w->recall, w->known);
    bool sure = expected >= 0 && w->recall.length >= RECALL_SURE;
    uint32_t length = expected < 0 || sure ? 0 : w->recall.length;
    uint32_t misses = expected < 0 || sure ? 0 : w->recall.misses;
    uint32_t c1 = known_byte(w, 1);
    uint32_t c2 = known_byte(w, 2);
    uint32_t c3 = known_byte(w, 3);
    uint32_t c4 = known_byte(w, 4);
    uint32_t last = c1 << 24 | c2 << 16 | c3 << 8 | c4;
    uint8_t value;
    const struct cfk__bin_context c = {
        .sort = CFK__BIN_FRESH,
        .hashes = {
            mixed(c1, 2, 0),
            mixed(c1 << 8 | c2, 3, 0),
            mixed(c1 << 16 | c2 << 8 | c3, 4, 0),
            mixed(last, 5, 0),
            mixed(last, known_byte(w, 5) << 16 | known_byte(w, 6) << 8 | 6, 0),
            mixed(c2 << 8 | c3, 7, 0),
            mixed(0, 8, 0),
            mixed(c3 << 16 | c4 << 8 | known_byte(w, 5), 9, 0),
        },
        .hints = { sure ? -1 : expected, -1 },
        .hint_rows = { length | misses << 5, 0 },
        .rows = { length > 0 ? 256 + bounded(length, 15) : c1 >> 3, c1 },
    };

    if (sure &&
        cfk__bin_code_recall(&w->model, b, w->recall.length | w->recall.misses << 5,
                             truth == expected))
        value = (uint8_t)expected;
    else
        value = cfk__bin_code_byte(&w->model, b, &c, truth);
    cfk__bin_recall_learn(&w->recall, value);
    return value;
}

void cfk__bin_walk_step(struct cfk__bin_walk *w, struct cfk__bin_bits *b,
                        const uint8_t *truth)
{
    const struct cfk__bin_piece *p = NULL;
    size_t end = w->known + FRESH_STEP;

    read_new_image(w);
    while (w->piece < w->pieces.count) {
        p = &w->pieces.list[w->piece];
        if (w->known - p->at < p->size) {
            step_piece(w, b, p, truth);
            return;
        }
        if (w->known < p->at)
            break;
        cfk__bin_recall_restart(&w->recall);
        w->piece++;
        p = NULL;
    }
    if (end > (p == NULL ? w->new_size : p->at))
        end = p == NULL ? w->new_size : p->at;
    for (; w->known < end; w->known++)
        w->new[w->known] = fresh_byte(w, b, truth == NULL ? 0 : truth[w->known]);
}
