/* SPDX-License-Identifier: MIT */
#include "delta/bin_map.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { SHIFT_MAX = 1 << 30, TRUST_LIMIT = 250, NEAR_BYTES_LOG = 6 };

static int by_place(const void *a, const void *b)
{
    const struct cfk__bin_piece *x = a;
    const struct cfk__bin_piece *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Of pieces that overlap the one from further ahead stays, unless it is the shorter. */
static void drop_overlaps(struct cfk__bin_map *map)
{
    size_t kept = 0;

    for (size_t i = 0; i < map->count; i++) {
        struct cfk__bin_piece p = map->pieces[i];

        if (kept > 0) {
            const struct cfk__bin_piece *before = &map->pieces[kept - 1];
            uint32_t end = before->from + before->size;

            if (p.from + p.size <= end)
                continue;
            if (p.from < end && p.size < before->size) {
                uint32_t cut = end - p.from;

                p = (struct cfk__bin_piece){ p.at + cut, end, p.size - cut };
            }
        }
        map->pieces[kept++] = p;
    }
    map->count = kept;
}

int cfk__bin_map_init(struct cfk__bin_map *map, const struct cfk__bin_image *old,
                      const struct cfk__bin_image *new_image,
                      const struct cfk__bin_pieces *pieces)
{
    map->old = old;
    map->new = new_image;
    for (size_t i = 0; i < CFK__BIN_KINDS; i++)
        for (size_t j = 0; j < CFK__BIN_GUESSES; j++)
            for (size_t k = 0; k < CFK__BIN_PATTERNS; k++)
                map->trust[i][j][k] = cfk__cm_state(0x8000, 0);
    map->pieces = cfk__calloc(pieces->alloc, pieces->count + 1, sizeof *map->pieces);
    if (map->pieces == NULL)
        return CFK_E_NOMEM;
    map->count = pieces->count;
    if (map->count > 0)
        memcpy(map->pieces, pieces->list, map->count * sizeof *map->pieces);
    qsort(map->pieces, map->count, sizeof *map->pieces, by_place);
    drop_overlaps(map);
    return CFK_OK;
}

/* The last piece that starts there or before, or the first one. */
static const struct cfk__bin_piece *piece_of(const struct cfk__bin_map *map,
                                             uint64_t offset)
{
    size_t low = 0;
    size_t high = map->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (map->pieces[middle].from <= offset)
            low = middle;
        else
            high = middle;
    }
    return &map->pieces[low];
}

bool cfk__bin_map_move(const struct cfk__bin_map *map, uint64_t address, uint64_t *to)
{
    const struct cfk__bin_load *load = cfk__bin_image_load(map->old, address);
    const struct cfk__bin_piece *piece;
    uint64_t offset;

    if (load == NULL || map->count == 0)
        return false;
    if (address - load->address >= load->file_size) {
        size_t i = (size_t)(load - map->old->loads);
        const struct cfk__bin_load *theirs = &map->new->loads[i];

        if (i >= map->new->count)
            return false;
        *to = address - load->address - load->file_size + theirs->address +
              theirs->file_size;
        return true;
    }
    offset = address - load->address + load->offset;
    piece = piece_of(map, offset);
    if (offset < piece->from && piece->from - offset > piece->at)
        return false;
    return cfk__bin_image_address(map->new, offset - piece->from + piece->at, to);
}

static struct cfk__bin_learned *learned_at(const struct cfk__bin_map *map,
                                           uint64_t address)
{
    return &map->learned[address * UINT64_C(0x9e3779b185ebca87) >>
                         (64 - map->learned_log)];
}

static uint32_t near_at(uint64_t address)
{
    return (uint32_t)(address >> NEAR_BYTES_LOG) & ((1u << CFK__BIN_NEAR_LOG) - 1);
}

static uint64_t shifted(uint64_t address, int32_t by)
{
    return address + (uint64_t)(int64_t)by;
}

static bool agree(const struct cfk__bin_guesses *g, enum cfk__bin_guess a,
                  enum cfk__bin_guess b)
{
    return g->is[a] && g->is[b] && g->to[a] == g->to[b];
}

void cfk__bin_map_guess(const struct cfk__bin_map *map, enum cfk__bin_field kind,
                        uint64_t address, struct cfk__bin_guesses *out)
{
    const struct cfk__bin_learned *at = learned_at(map, address);

    out->address = address;
    out->is[CFK__BIN_TOLD] = false;
    out->is[CFK__BIN_SAME_ADDRESS] = at->address == (uint32_t)address && address != 0;
    out->to[CFK__BIN_SAME_ADDRESS] = shifted(address, at->shift);
    out->is[CFK__BIN_BY_PIECE] =
        cfk__bin_map_move(map, address, &out->to[CFK__BIN_BY_PIECE]);
    out->is[CFK__BIN_NEAR_ADDRESS] = true;
    out->to[CFK__BIN_NEAR_ADDRESS] = shifted(address, map->near[near_at(address)]);
    out->is[CFK__BIN_LAST_OF_KIND] = true;
    out->to[CFK__BIN_LAST_OF_KIND] = shifted(address, map->last[kind]);
    out->pattern = (uint32_t)agree(out, CFK__BIN_SAME_ADDRESS, CFK__BIN_BY_PIECE) |
                   (uint32_t)agree(out, CFK__BIN_BY_PIECE, CFK__BIN_NEAR_ADDRESS) << 1 |
                   (uint32_t)agree(out, CFK__BIN_SAME_ADDRESS, CFK__BIN_NEAR_ADDRESS)
                       << 2 |
                   (uint32_t)agree(out, CFK__BIN_BY_PIECE, CFK__BIN_LAST_OF_KIND) << 3 |
                   (map->repeats[kind] & 3) << 4;
}

int cfk__bin_map_choose(const struct cfk__bin_map *map, enum cfk__bin_field kind,
                        const struct cfk__bin_guesses *g)
{
    uint32_t best = 0;
    int chosen = -1;

    for (int i = 0; i < CFK__BIN_GUESSES; i++)
        if (g->is[i] && map->trust[kind][i][g->pattern] > best) {
            best = map->trust[kind][i][g->pattern];
            chosen = i;
        }
    return chosen;
}

void cfk__bin_map_learn(struct cfk__bin_map *map, const struct cfk__cm_math *math,
                        enum cfk__bin_field kind, const struct cfk__bin_guesses *g,
                        uint64_t to)
{
    int64_t shift = (int64_t)(to - g->address);
    struct cfk__bin_learned *at = learned_at(map, g->address);

    for (int i = 0; i < CFK__BIN_GUESSES; i++)
        if (g->is[i])
            cfk__cm_state_update(math, &map->trust[kind][i][g->pattern], g->to[i] == to,
                                 TRUST_LIMIT);
    if (shift >= SHIFT_MAX || shift <= -SHIFT_MAX)
        return;
    at->address = (uint32_t)g->address;
    at->shift = (int32_t)shift;
    map->near[near_at(g->address)] = (int32_t)shift;
    map->repeats[kind] = map->repeats[kind] << 1 | (map->last[kind] == shift);
    map->last[kind] = (int32_t)shift;
}

static uint64_t moved(const struct cfk__bin_map *map, uint64_t address)
{
    uint64_t to;

    return cfk__bin_map_move(map, address, &to) ? to : address;
}

void cfk__bin_bases_init(struct cfk__bin_bases *b, const struct cfk__bin_fields *fields,
                         const struct cfk__bin_map *map)
{
    memset(b, 0, sizeof *b);
    b->frame_index[0] = fields->frame_index;
    b->frame_index[1] = moved(map, fields->frame_index);
    b->names[0] = fields->names;
    b->names[1] = moved(map, fields->names);
    b->base[0] = 0 - fields->base;
    b->base[1] = 0 - (uint64_t)(uint32_t)map->new->base;
}

uint8_t *cfk__bin_relocated(const struct cfk_alloc *alloc, const struct cfk__bin_map *map,
                            const struct cfk__bin_fields *fields, struct cfk__span old)
{
    uint8_t *copy = cfk__malloc(alloc, old.size);
    struct cfk__bin_bases b;

    if (copy == NULL || old.size == 0)
        return copy;
    memcpy(copy, old.data, old.size);
    cfk__bin_bases_init(&b, fields, map);
    for (size_t i = 0; i < old.size; i++) {
        enum cfk__bin_field kind = (enum cfk__bin_field)fields->kinds[i];
        uint64_t here[2];
        uint64_t bases[2];
        uint64_t to;

        if (kind == CFK__BIN_NONE || !cfk__bin_image_address(map->old, i, &here[0]))
            continue;
        here[1] = moved(map, here[0]);
        cfk__bin_bases_find(&b, kind, here, bases);
        to = moved(map, bases[0] + cfk__bin_field_value(kind, old.data + i)) - bases[1];
        for (unsigned j = 0; j < CFK__BIN_FIELD_SIZE; j++)
            copy[i + j] = (uint8_t)(to >> 8 * j);
    }
    return copy;
}
