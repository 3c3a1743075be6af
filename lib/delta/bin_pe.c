/* SPDX-License-Identifier: MIT */
/* Layout of PE32+, x86-64: Microsoft, PE Format; x64 exception handling. */
#include "delta/bin_search.h"
#include "delta/load.h"

#include <string.h>

enum {
    NEW_HEADER_AT = 0x3c, /* where the DOS header says that PE begins */
    FILE_HEADER = 24,     /* with the signature */
    OPTIONAL_HEADER = 112,
    SECTION_HEADER = 40,
    MACHINE_X86_64 = 0x8664,
    PE32_PLUS = 0x20b,
    SECTION_CODE = 0x20,
    SECTION_EXECUTE = 0x20000000,
    SECTION_WRITE = INT32_MIN, /* the highest bit */

    DIRECTORY = 8, /* an entry: offset and size */
    EXPORTS = 0,
    EXCEPTIONS = 3,
    RELOCATIONS = 5,

    FUNCTION = 12,          /* of .pdata: start, end, unwind information */
    HAS_HANDLER = 0x3 << 3, /* flags in the first byte of that */
    CHAINED = 0x4 << 3,
    FUNCTION_INFO = 0x19930520, /* and a version */
    TRY = 20,
    HANDLER = 20,
};

static size_t header_at(struct cfk__span file)
{
    return cfk__load32le(file.data + NEW_HEADER_AT);
}

size_t cfk__bin_pe_head(struct cfk__span file)
{
    size_t at = header_at(file);
    const uint8_t *h = file.data + at;
    size_t optional;

    if (at > CFK__BIN_HEAD)
        return 0;
    if (file.size < at + FILE_HEADER + OPTIONAL_HEADER)
        return at + FILE_HEADER + OPTIONAL_HEADER;
    optional = cfk__load16le(h + 20);
    if (memcmp(h, "PE\0\0", 4) != 0 || cfk__load16le(h + 4) != MACHINE_X86_64 ||
        optional < OPTIONAL_HEADER || cfk__load16le(h + FILE_HEADER) != PE32_PLUS)
        return 0;
    return at + FILE_HEADER + optional + cfk__load16le(h + 6) * (size_t)SECTION_HEADER;
}

/* The headers of sections, and how many. */
static const uint8_t *sections_of(struct cfk__span file, size_t *count)
{
    const uint8_t *h = file.data + header_at(file);

    *count = cfk__load16le(h + 6);
    return h + FILE_HEADER + cfk__load16le(h + 20);
}

void cfk__bin_pe_read(struct cfk__bin_image *image, struct cfk__span head)
{
    const uint8_t *optional = head.data + header_at(head) + FILE_HEADER;
    size_t count;
    const uint8_t *h = sections_of(head, &count);
    uint64_t headers = cfk__load32le(optional + 60);

    image->base = cfk__load64le(optional + 24);
    cfk__bin_image_add(
        image, &(struct cfk__bin_load){ .file_size = headers, .memory_size = headers });
    for (size_t i = 0; i < count; i++, h += SECTION_HEADER) {
        uint32_t in_memory = cfk__load32le(h + 8);
        uint32_t in_file = cfk__load32le(h + 16);

        cfk__bin_image_add(
            image, &(struct cfk__bin_load){
                       .runs = (cfk__load32le(h + 36) & SECTION_EXECUTE) != 0,
                       .offset = cfk__load32le(h + 20),
                       .address = cfk__load32le(h + 12),
                       .file_size = in_file,
                       .memory_size = in_memory > in_file ? in_memory : in_file });
    }
}

/* size bytes of the file that are loaded at an address. */
static bool part_at(struct cfk__bin_search *s, uint64_t address, uint64_t size,
                    struct cfk__bin_section *x)
{
    const struct cfk__bin_load *load = cfk__bin_image_load(s->image, address);

    return load != NULL && size <= load->file_size &&
           address - load->address <= load->file_size - size &&
           cfk__bin_section_at(s, address - load->address + load->offset, size, address,
                               x);
}

/* An entry of the directory at the end of the optional header. */
static bool directory(struct cfk__bin_search *s, unsigned entry,
                      struct cfk__bin_section *x)
{
    const uint8_t *optional = s->old.data + header_at(s->old) + FILE_HEADER;
    size_t size = cfk__load16le(optional - 4);
    const uint8_t *h = optional + OPTIONAL_HEADER + entry * DIRECTORY;

    return entry < cfk__load32le(optional + 108) &&
           OPTIONAL_HEADER + (entry + 1) * DIRECTORY <= size &&
           part_at(s, cfk__load32le(h), cfk__load32le(h + 4), x);
}

/* Entries of a table at an address, each with the offset of something within it. */
static void in_table(struct cfk__bin_search *s, uint32_t address, uint32_t count,
                     size_t entry, size_t within)
{
    struct cfk__bin_section x;

    if (count > 0 && part_at(s, address, (uint64_t)count * entry, &x))
        for (size_t at = within; at < x.size; at += entry)
            if (cfk__load32le(x.data + at) != 0)
                cfk__bin_mark(s, x.data + at, CFK__BIN_OFFSET);
}

/*
 * FuncInfo of __CxxFrameHandler3, which C++ and Rust have: magic, then numbers of entries
 * and offsets of tables: what to clean up, what to catch, which state code is in.
 */
static void in_function_info(struct cfk__bin_search *s, uint32_t address)
{
    struct cfk__bin_section x;
    struct cfk__bin_section tries;
    uint32_t count;

    if (!part_at(s, address, 28, &x) || (cfk__load32le(x.data) & ~7U) != FUNCTION_INFO)
        return;
    for (size_t at = 8; at < x.size; at += 8)
        cfk__bin_mark(s, x.data + at, CFK__BIN_OFFSET);
    in_table(s, cfk__load32le(x.data + 8), cfk__load32le(x.data + 4), 8, 4);
    in_table(s, cfk__load32le(x.data + 24), cfk__load32le(x.data + 20), 8, 0);
    count = cfk__load32le(x.data + 12);
    in_table(s, cfk__load32le(x.data + 16), count, TRY, 16);
    if (count == 0 ||
        !part_at(s, cfk__load32le(x.data + 16), (uint64_t)count * TRY, &tries))
        return;
    for (size_t at = 0; at < tries.size; at += TRY) {
        uint32_t handlers = cfk__load32le(tries.data + at + 12);

        in_table(s, cfk__load32le(tries.data + at + 16), handlers, HANDLER, 4);
        in_table(s, cfk__load32le(tries.data + at + 16), handlers, HANDLER, 12);
    }
}

/* What handles exceptions: the function, and what mostly is the offset of its data. */
static void in_unwind(struct cfk__bin_search *s, uint32_t address)
{
    struct cfk__bin_section x;
    size_t at;

    if (!part_at(s, address, 4, &x))
        return;
    at = 4 + (x.data[2] + 1U) / 2 * 4;
    if ((x.data[0] & (HAS_HANDLER | CHAINED)) == 0 || !part_at(s, address + at, 8, &x))
        return;
    for (size_t i = 0; i < 8; i += 4)
        if (cfk__bin_image_load(s->image, cfk__load32le(x.data + i)) != NULL)
            cfk__bin_mark(s, x.data + i, CFK__BIN_OFFSET);
    in_function_info(s, cfk__load32le(x.data + 4));
}

static void in_functions(struct cfk__bin_search *s, const struct cfk__bin_section *x)
{
    for (size_t at = 0; x->size - at >= FUNCTION; at += FUNCTION) {
        for (size_t i = 0; i < FUNCTION; i += 4)
            cfk__bin_mark(s, x->data + at + i, CFK__BIN_OFFSET);
        in_unwind(s, cfk__load32le(x->data + at + 8));
    }
}

/* Blocks: the offset of a page, the size of the block, 2 bytes for each place. */
static void in_relocations(const struct cfk__bin_search *s,
                           const struct cfk__bin_section *x)
{
    size_t at = 0;

    while (x->size - at >= 8) {
        size_t size = cfk__load32le(x->data + at + 4);

        if (size < 8 || size > x->size - at)
            return;
        cfk__bin_mark(s, x->data + at, CFK__BIN_OFFSET);
        at += size;
    }
}

static void in_exports(struct cfk__bin_search *s, const struct cfk__bin_section *x)
{
    uint32_t count;
    struct cfk__bin_section functions;

    if (x->size < 40)
        return;
    count = cfk__load32le(x->data + 20);
    if (!part_at(s, cfk__load32le(x->data + 28), 4 * (uint64_t)count, &functions))
        return;
    for (size_t at = 0; at < functions.size; at += 4)
        cfk__bin_mark(s, functions.data + at, CFK__BIN_OFFSET);
}

void cfk__bin_pe_search(struct cfk__bin_search *s)
{
    size_t count;
    const uint8_t *h = sections_of(s->old, &count);
    struct cfk__bin_section x;

    for (size_t i = 0; i < count; i++, h += SECTION_HEADER) {
        uint32_t flags = cfk__load32le(h + 36);

        if (!cfk__bin_section_at(s, cfk__load32le(h + 20), cfk__load32le(h + 16),
                                 cfk__load32le(h + 12), &x))
            continue;
        if (flags & (SECTION_CODE | SECTION_EXECUTE)) {
            cfk__bin_in_code(s, &x);
        } else {
            if (!(flags & (uint32_t)SECTION_WRITE))
                cfk__bin_in_read_only_data(s, &x);
            cfk__bin_in_data(s, &x);
        }
    }
    if (directory(s, EXCEPTIONS, &x))
        in_functions(s, &x);
    if (directory(s, RELOCATIONS, &x))
        in_relocations(s, &x);
    if (directory(s, EXPORTS, &x))
        in_exports(s, &x);
}
