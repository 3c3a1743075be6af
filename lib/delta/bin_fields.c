/* SPDX-License-Identifier: MIT */
/* Sections: System V ABI, chapter 4; .eh_frame: LSB Core, 10.6. */
#include "delta/bin_fields.h"

#include "base/alloc.h"
#include "delta/load.h"

#include <string.h>

enum {
    ELF_HEADER = 64,
    SECTION_HEADER = 64,
    ENTRY = 24, /* of a symbol or relocation table */
    SHT_PROGBITS = 1,
    SHT_STRTAB = 3,
    SHT_RELA = 4,
    SHT_NOBITS = 8,
    SHT_DYNSYM = 11,
    SHF_WRITE = 1,
    SHF_ALLOC = 2,
    SHF_EXECINSTR = 4,
    R_X86_64_RELATIVE = 8,
    R_X86_64_IRELATIVE = 37,
    ADDRESS_MIN = 0x200, /* below it, a number is hardly an address */
    NEAR = 128,          /* operands this close are not relative to anything, mostly */
};

struct section {
    uint32_t name; /* where it starts among the names */
    uint32_t type;
    uint64_t flags;
    uint64_t address;
    const uint8_t *data;
    size_t size;
};

struct search {
    const struct cfk__bin_image *image;
    struct cfk__span old;
    struct cfk__span names; /* of sections */
    uint64_t budget;        /* bytes of sections yet to be read: they may overlap */
    uint8_t *kinds;
};

static uint8_t *kind_at(const struct search *s, const uint8_t *place)
{
    return &s->kinds[place - s->old.data];
}

/* The address that 4 bytes at place mean relative to their end. */
static uint64_t relative(const struct section *x, const uint8_t *place)
{
    return x->address + (uint64_t)(place - x->data) + 4 +
           (uint64_t)(int64_t)(int32_t)cfk__load32le(place);
}

/* The field at an instruction that may be there, after skip bytes of it; 0: none. */
static enum cfk__bin_field instruction(const struct search *s, const struct section *x,
                                       const uint8_t *p, size_t left, size_t *skip)
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

static void in_code(const struct search *s, const struct section *x)
{
    size_t at = 0;

    while (at < x->size) {
        size_t skip;
        enum cfk__bin_field kind = instruction(s, x, x->data + at, x->size - at, &skip);

        if (kind == CFK__BIN_NONE) {
            at++;
            continue;
        }
        *kind_at(s, x->data + at + skip) = (uint8_t)kind;
        at += skip + CFK__BIN_FIELD_SIZE;
    }
}

static void in_frames(const struct search *s, const struct section *x)
{
    size_t at = 0;

    while (x->size - at >= 12) {
        size_t length = cfk__load32le(x->data + at);

        if (length == 0 || length > x->size - at - 4)
            return;
        if (length >= 8 && cfk__load32le(x->data + at + 4) != 0)
            *kind_at(s, x->data + at + 8) = CFK__BIN_FRAME;
        at += 4 + length;
    }
}

static void in_frame_index(const struct search *s, const struct section *x)
{
    for (size_t at = 12; at < x->size && x->size - at >= 4; at += 4)
        *kind_at(s, x->data + at) = CFK__BIN_FRAME_INDEX;
}

static void in_relocations(const struct search *s, const struct section *x)
{
    for (size_t at = 0; x->size - at >= ENTRY; at += ENTRY) {
        uint32_t type = cfk__load32le(x->data + at + 8);

        *kind_at(s, x->data + at) = CFK__BIN_RELOCATED;
        if (type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE)
            *kind_at(s, x->data + at + 16) = CFK__BIN_ADDEND;
    }
}

static void in_symbols(const struct search *s, const struct section *x)
{
    for (size_t at = 0; x->size - at >= ENTRY; at += ENTRY) {
        if (cfk__load32le(x->data + at) != 0)
            *kind_at(s, x->data + at) = CFK__BIN_NAME;
        if (cfk__load64le(x->data + at + 8) != 0)
            *kind_at(s, x->data + at + 8) = CFK__BIN_SYMBOL;
    }
}

/* Offsets from a table to code, which lies before it. */
static void in_read_only_data(const struct search *s, const struct section *x)
{
    size_t at = (size_t)(-x->address & 3);

    for (; at < x->size && x->size - at >= 4; at += 4) {
        int32_t value = (int32_t)cfk__load32le(x->data + at);

        if (value < -4096 &&
            cfk__bin_image_runs(s->image, x->address + at + (uint64_t)(int64_t)value))
            *kind_at(s, x->data + at) = CFK__BIN_TABLE;
    }
}

static void in_data(const struct search *s, const struct section *x)
{
    size_t at = (size_t)(-x->address & 7);

    for (; at < x->size && x->size - at >= 8; at += 8) {
        uint64_t value = cfk__load64le(x->data + at);

        if (value >= ADDRESS_MIN && cfk__bin_image_load(s->image, value) != NULL)
            *kind_at(s, x->data + at) = CFK__BIN_POINTER;
    }
}

/* name with the 0 behind it, and its size */
static bool is_named(const struct search *s, const struct section *x, const char *name,
                     size_t size)
{
    return x->name < s->names.size && s->names.size - x->name >= size &&
           memcmp(s->names.data + x->name, name, size) == 0;
}

static void in_section(const struct search *s, const struct section *x,
                       struct cfk__bin_fields *fields)
{
    if (x->flags & SHF_EXECINSTR) {
        in_code(s, x);
    } else if (is_named(s, x, ".eh_frame", sizeof ".eh_frame")) {
        in_frames(s, x);
    } else if (is_named(s, x, ".eh_frame_hdr", sizeof ".eh_frame_hdr")) {
        fields->frame_index = x->address;
        in_frame_index(s, x);
    } else if (x->type == SHT_RELA) {
        in_relocations(s, x);
    } else if (x->type == SHT_DYNSYM) {
        in_symbols(s, x);
    } else if (is_named(s, x, ".dynstr", sizeof ".dynstr")) {
        fields->names = x->address;
    } else if (x->type != SHT_STRTAB && (x->flags & SHF_WRITE)) {
        in_data(s, x);
    } else if (x->type == SHT_PROGBITS) {
        in_read_only_data(s, x);
    }
}

/* false when it is not within the file. */
static bool read_section(struct cfk__span old, const uint8_t *h, struct section *x)
{
    uint64_t offset = cfk__load64le(h + 24);
    uint64_t size = cfk__load64le(h + 32);

    if (offset > old.size || size > old.size - offset)
        return false;
    x->name = cfk__load32le(h);
    x->type = cfk__load32le(h + 4);
    x->flags = cfk__load64le(h + 8);
    x->address = cfk__load64le(h + 16);
    x->data = old.data + offset;
    x->size = (size_t)size;
    return true;
}

static void find(struct search *s, struct cfk__bin_fields *fields)
{
    struct cfk__span old = s->old;
    uint64_t table = cfk__load64le(old.data + 40);
    unsigned count = old.data[60] | (unsigned)old.data[61] << 8;
    unsigned names_at = old.data[62] | (unsigned)old.data[63] << 8;
    const uint8_t *headers;
    struct section x;

    if (old.data[58] != SECTION_HEADER || old.data[59] != 0 || table > old.size ||
        count > (old.size - table) / SECTION_HEADER || names_at >= count)
        return;
    headers = old.data + table;
    if (!read_section(old, headers + (size_t)names_at * SECTION_HEADER, &x))
        return;
    s->names = (struct cfk__span){ x.data, x.size };
    for (unsigned i = 0; i < count; i++) {
        if (!read_section(old, headers + (size_t)i * SECTION_HEADER, &x) ||
            x.type == SHT_NOBITS || !(x.flags & SHF_ALLOC) || x.size > s->budget)
            continue;
        s->budget -= x.size;
        in_section(s, &x, fields);
    }
}

int cfk__bin_fields_find(struct cfk__bin_fields *fields, const struct cfk_alloc *alloc,
                         const struct cfk__bin_image *image, struct cfk__span old)
{
    struct search s = { .image = image, .old = old, .budget = 2 * (uint64_t)old.size };

    s.kinds = cfk__calloc(alloc, 1, old.size + 1);
    *fields = (struct cfk__bin_fields){ s.kinds, 0, 0 };
    if (s.kinds == NULL)
        return CFK_E_NOMEM;
    if (image->count > 0 && old.size >= ELF_HEADER)
        find(&s, fields);
    return CFK_OK;
}

void cfk__bin_bases_note(struct cfk__bin_bases *b, enum cfk__bin_field kind,
                         const uint64_t here[2])
{
    if (kind != CFK__BIN_TABLE)
        return;
    if (here[0] != b->table_next)
        memcpy(b->table, here, sizeof b->table);
    b->table_next = here[0] + CFK__BIN_FIELD_SIZE;
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
    case CFK__BIN_FRAME: from = here; break;
    case CFK__BIN_FRAME_INDEX: from = b->frame_index; break;
    case CFK__BIN_TABLE: from = b->table; break;
    case CFK__BIN_NAME: from = b->names; break;
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
