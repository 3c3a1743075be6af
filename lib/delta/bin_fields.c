/* SPDX-License-Identifier: MIT */
/* .eh_frame: LSB Core, 10.6. */
#include "base/alloc.h"
#include "delta/bin_search.h"
#include "delta/load.h"

#include <string.h>

enum {
    ADDRESS_MIN = 0x200, /* below it, a number is hardly an address */
    NEAR = 128,          /* operands this close are not relative to anything, mostly */
};

bool cfk__bin_section_at(struct cfk__bin_search *s, uint64_t offset, uint64_t size,
                         uint64_t address, struct cfk__bin_section *x)
{
    if (offset > s->old.size || size > s->old.size - offset || size > s->budget)
        return false;
    s->budget -= size;
    *x = (struct cfk__bin_section){ address, s->old.data + offset, (size_t)size };
    return true;
}

void cfk__bin_mark(const struct cfk__bin_search *s, const uint8_t *place,
                   enum cfk__bin_field kind)
{
    s->fields->kinds[place - s->old.data] = (uint8_t)kind;
}

/* The address that 4 bytes at place mean relative to their end. */
static uint64_t relative(const struct cfk__bin_section *x, const uint8_t *place)
{
    return x->address + (uint64_t)(place - x->data) + 4 +
           (uint64_t)(int64_t)(int32_t)cfk__load32le(place);
}

/* The field at an instruction that may be there, after skip bytes of it; 0: none. */
static enum cfk__bin_field instruction(const struct cfk__bin_search *s,
                                       const struct cfk__bin_section *x, const uint8_t *p,
                                       size_t left, size_t *skip)
{
    *skip = 1;
    if (left < 5)
        return CFK__BIN_NONE;
    if (p[0] == 0xe8 || p[0] == 0xe9)
        return cfk__bin_image_runs(s->image, relative(x, p + 1)) ? CFK__BIN_CALL
                                                                 : CFK__BIN_NONE;
    if (p[0] == 0x0f && (p[1] & 0xf0) == 0x80 && left >= 6) {
        *skip = 2;
        return cfk__bin_image_runs(s->image, relative(x, p + 2)) ? CFK__BIN_BRANCH
                                                                 : CFK__BIN_NONE;
    }
    if ((p[0] & 0xc7) == 0x05) {
        int32_t distance = (int32_t)cfk__load32le(p + 1);
        uint64_t target = relative(x, p + 1);

        if ((distance > NEAR || distance < -NEAR) && target > ADDRESS_MIN &&
            cfk__bin_image_load(s->image, target) != NULL)
            return CFK__BIN_OPERAND;
    }
    return CFK__BIN_NONE;
}

void cfk__bin_in_code(const struct cfk__bin_search *s, const struct cfk__bin_section *x)
{
    size_t at = 0;

    while (at < x->size) {
        size_t skip;
        enum cfk__bin_field kind = instruction(s, x, x->data + at, x->size - at, &skip);

        if (kind == CFK__BIN_NONE) {
            at++;
            continue;
        }
        cfk__bin_mark(s, x->data + at + skip, kind);
        at += skip + CFK__BIN_FIELD_SIZE;
    }
}

void cfk__bin_in_frames(const struct cfk__bin_search *s, const struct cfk__bin_section *x)
{
    size_t at = 0;

    while (x->size - at >= 12) {
        size_t length = cfk__load32le(x->data + at);

        if (length == 0 || length > x->size - at - 4)
            return;
        if (length >= 8 && cfk__load32le(x->data + at + 4) != 0)
            cfk__bin_mark(s, x->data + at + 8, CFK__BIN_FRAME);
        at += 4 + length;
    }
}

/* Offsets from a table to code, which lies before it. */
void cfk__bin_in_read_only_data(const struct cfk__bin_search *s,
                                const struct cfk__bin_section *x)
{
    size_t at = (size_t)(-x->address & 3);

    for (; at < x->size && x->size - at >= 4; at += 4) {
        int32_t value = (int32_t)cfk__load32le(x->data + at);

        if (value < -4096 &&
            cfk__bin_image_runs(s->image, x->address + at + (uint64_t)(int64_t)value))
            cfk__bin_mark(s, x->data + at, CFK__BIN_TABLE);
    }
}

bool cfk__bin_is_pointer(const struct cfk__bin_search *s, uint64_t value)
{
    uint64_t address = value - s->image->base;

    return address >= ADDRESS_MIN && cfk__bin_image_load(s->image, address) != NULL;
}

void cfk__bin_in_data(const struct cfk__bin_search *s, const struct cfk__bin_section *x)
{
    size_t at = (size_t)(-x->address & 7);

    for (; at < x->size && x->size - at >= 8; at += 8)
        if (cfk__bin_is_pointer(s, cfk__load64le(x->data + at)))
            cfk__bin_mark(s, x->data + at, CFK__BIN_POINTER);
}

int cfk__bin_fields_find(struct cfk__bin_fields *fields, const struct cfk_alloc *alloc,
                         const struct cfk__bin_image *image, struct cfk__span old)
{
    struct cfk__bin_search s = {
        .image = image, .old = old, .budget = 2 * (uint64_t)old.size, .fields = fields
    };

    memset(fields, 0, sizeof *fields);
    fields->base = (uint32_t)image->base; /* fields are the low halves */
    fields->kinds = cfk__calloc(alloc, 1, old.size + 1);
    if (fields->kinds == NULL)
        return CFK_E_NOMEM;
    switch (image->format) {
    case CFK__BIN_ELF: cfk__bin_elf_search(&s); break;
    case CFK__BIN_PE: cfk__bin_pe_search(&s); break;
    case CFK__BIN_MACHO: cfk__bin_macho_search(&s); break;
    default: break;
    }
    return CFK_OK;
}

void cfk__bin_bases_find(const struct cfk__bin_bases *b, enum cfk__bin_field kind,
                         const uint64_t here[2], uint64_t bases[2])
{
    static const uint64_t nothing[2];
    const uint64_t *from = nothing;
    uint64_t skip = 0;

    switch (kind) {
    case CFK__BIN_CALL:
    case CFK__BIN_BRANCH:
    case CFK__BIN_OPERAND: skip = CFK__BIN_FIELD_SIZE; /* fall through */
    case CFK__BIN_FRAME:
    case CFK__BIN_TABLE: from = here; break;
    case CFK__BIN_FRAME_INDEX: from = b->frame_index; break;
    case CFK__BIN_NAME: from = b->names; break;
    case CFK__BIN_POINTER: from = b->base; break;
    default: break;
    }
    bases[0] = from[0] + skip;
    bases[1] = from[1] + skip;
}

uint64_t cfk__bin_field_value(enum cfk__bin_field kind, const uint8_t *p)
{
    uint32_t value = cfk__load32le(p);

    return kind == CFK__BIN_POINTER || kind >= CFK__BIN_RELOCATED
               ? value
               : (uint64_t)(int64_t)(int32_t)value;
}
