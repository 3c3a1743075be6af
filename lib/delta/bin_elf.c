/* SPDX-License-Identifier: MIT */
/* Layout of ELF: System V ABI, chapters 4 and 5. */
#include "delta/bin_search.h"
#include "delta/load.h"

#include <string.h>

enum {
    PROGRAM_HEADER = 56,
    PT_LOAD = 1,
    PF_X = 1,
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
};

size_t cfk__bin_elf_head(struct cfk__span file)
{
    uint64_t table = cfk__load64le(file.data + 32);
    size_t size = cfk__load16le(file.data + 56) * (size_t)PROGRAM_HEADER;

    if (cfk__load16le(file.data + 54) != PROGRAM_HEADER || table > CFK__BIN_HEAD)
        return 0;
    return (size_t)table + size;
}

void cfk__bin_elf_read(struct cfk__bin_image *image, struct cfk__span head)
{
    size_t at = (size_t)cfk__load64le(head.data + 32);

    for (; at < head.size; at += PROGRAM_HEADER) {
        const uint8_t *h = head.data + at;

        if (cfk__load32le(h) == PT_LOAD)
            cfk__bin_image_add(
                image, &(struct cfk__bin_load){ .runs = cfk__load32le(h + 4) & PF_X,
                                                .offset = cfk__load64le(h + 8),
                                                .address = cfk__load64le(h + 16),
                                                .file_size = cfk__load64le(h + 32),
                                                .memory_size = cfk__load64le(h + 40) });
    }
}

static void in_frame_index(const struct cfk__bin_search *s,
                           const struct cfk__bin_section *x)
{
    for (size_t at = 12; at < x->size && x->size - at >= 4; at += 4)
        cfk__bin_mark(s, x->data + at, CFK__BIN_FRAME_INDEX);
}

static void in_relocations(const struct cfk__bin_search *s,
                           const struct cfk__bin_section *x)
{
    for (size_t at = 0; x->size - at >= ENTRY; at += ENTRY) {
        uint32_t type = cfk__load32le(x->data + at + 8);

        cfk__bin_mark(s, x->data + at, CFK__BIN_RELOCATED);
        if (type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE)
            cfk__bin_mark(s, x->data + at + 16, CFK__BIN_ADDEND);
    }
}

static void in_symbols(const struct cfk__bin_search *s, const struct cfk__bin_section *x)
{
    for (size_t at = 0; x->size - at >= ENTRY; at += ENTRY) {
        if (cfk__load32le(x->data + at) != 0)
            cfk__bin_mark(s, x->data + at, CFK__BIN_NAME);
        if (cfk__load64le(x->data + at + 8) != 0)
            cfk__bin_mark(s, x->data + at + 8, CFK__BIN_SYMBOL);
    }
}

/* The name that starts there among the names of sections; size with the 0 behind it. */
static bool is_named(struct cfk__span names, uint32_t at, const char *name, size_t size)
{
    return at < names.size && names.size - at >= size &&
           memcmp(names.data + at, name, size) == 0;
}

static void in_section(struct cfk__bin_search *s, const uint8_t *h,
                       struct cfk__span names, const struct cfk__bin_section *x)
{
    uint32_t name = cfk__load32le(h);
    uint32_t type = cfk__load32le(h + 4);
    uint64_t flags = cfk__load64le(h + 8);

    if (flags & SHF_EXECINSTR) {
        cfk__bin_in_code(s, x);
    } else if (is_named(names, name, ".eh_frame", sizeof ".eh_frame")) {
        cfk__bin_in_frames(s, x);
    } else if (is_named(names, name, ".eh_frame_hdr", sizeof ".eh_frame_hdr")) {
        s->fields->frame_index = x->address;
        in_frame_index(s, x);
    } else if (type == SHT_RELA) {
        in_relocations(s, x);
    } else if (type == SHT_DYNSYM) {
        in_symbols(s, x);
    } else if (is_named(names, name, ".dynstr", sizeof ".dynstr")) {
        s->fields->names = x->address;
    } else if (type != SHT_STRTAB && (flags & SHF_WRITE)) {
        cfk__bin_in_data(s, x);
    } else if (type == SHT_PROGBITS) {
        cfk__bin_in_read_only_data(s, x);
    }
}

static bool section_of(struct cfk__bin_search *s, const uint8_t *h,
                       struct cfk__bin_section *x)
{
    return cfk__bin_section_at(s, cfk__load64le(h + 24), cfk__load64le(h + 32),
                               cfk__load64le(h + 16), x);
}

void cfk__bin_elf_search(struct cfk__bin_search *s)
{
    const uint8_t *header = s->old.data;
    uint64_t table = cfk__load64le(header + 40);
    unsigned count = cfk__load16le(header + 60);
    unsigned names_at = cfk__load16le(header + 62);
    struct cfk__bin_section x;
    struct cfk__span names;

    if (cfk__load16le(header + 58) != SECTION_HEADER || table > s->old.size ||
        count > (s->old.size - table) / SECTION_HEADER || names_at >= count)
        return;
    header += table;
    if (!section_of(s, header + (size_t)names_at * SECTION_HEADER, &x))
        return;
    names = (struct cfk__span){ x.data, x.size };
    for (unsigned i = 0; i < count; i++, header += SECTION_HEADER)
        if (cfk__load32le(header + 4) != SHT_NOBITS &&
            (cfk__load64le(header + 8) & SHF_ALLOC) != 0 && section_of(s, header, &x))
            in_section(s, header, names, &x);
}
