/* SPDX-License-Identifier: MIT */
/* Layout of Mach-O, x86-64: Apple, loader.h, nlist.h, compact_unwind_encoding.h. */
#include "delta/bin_search.h"
#include "delta/load.h"

#include <string.h>

enum {
    HEADER = 32,
    CPU_X86_64 = 0x01000007,
    LC_SEGMENT_64 = 0x19,
    LC_SYMTAB = 2,
    SEGMENT = 72, /* a command, the sections behind it */
    SECTION = 80,
    EXECUTE = 4, /* of a protection */
    WRITE = 2,
    SYMTAB = 24,
    SYMBOL = 16,
    HAS_CODE = 0x400, /* some instructions, in the attributes of a section */

    UNWIND = 28, /* the header of __unwind_info */
    UNWIND_ENTRY = 12,
    LSDA_ENTRY = 8,
};

size_t cfk__bin_macho_head(struct cfk__span file)
{
    uint32_t size = cfk__load32le(file.data + 20);

    return cfk__load32le(file.data + 4) == CPU_X86_64 && size <= CFK__BIN_HEAD
               ? HEADER + (size_t)size
               : 0;
}

/* The next command from *at on, or NULL. */
static const uint8_t *next_command(struct cfk__span head, size_t *at, size_t *size)
{
    const uint8_t *c = head.data + *at;

    if (head.size - *at < 8)
        return NULL;
    *size = cfk__load32le(c + 4);
    if (*size < 8 || *size > head.size - *at)
        return NULL;
    *at += *size;
    return c;
}

static bool is_segment(const uint8_t *command, size_t size)
{
    return cfk__load32le(command) == LC_SEGMENT_64 && size >= SEGMENT;
}

void cfk__bin_macho_read(struct cfk__bin_image *image, struct cfk__span head)
{
    size_t at = HEADER;
    size_t size;
    const uint8_t *c;

    while ((c = next_command(head, &at, &size)) != NULL)
        if (is_segment(c, size) && cfk__load64le(c + 40) == 0 &&
            cfk__load64le(c + 48) > 0)
            image->base = cfk__load64le(c + 24);
    at = HEADER;
    while ((c = next_command(head, &at, &size)) != NULL)
        if (is_segment(c, size) && cfk__load64le(c + 48) > 0)
            cfk__bin_image_add(image, &(struct cfk__bin_load){
                                          .runs = (cfk__load32le(c + 60) & EXECUTE) != 0,
                                          .offset = cfk__load64le(c + 40),
                                          .address = cfk__load64le(c + 24) - image->base,
                                          .file_size = cfk__load64le(c + 48),
                                          .memory_size = cfk__load64le(c + 32) });
}

/*
 * Pointers as they are, or with the distance of the next one in their upper half
 * (DYLD_CHAINED_PTR_64).
 */
static void in_data(const struct cfk__bin_search *s, const struct cfk__bin_section *x)
{
    const uint64_t low = (UINT64_C(1) << 36) - 1;
    const uint64_t next = UINT64_C(0xfff) << 51;
    size_t at = (size_t)(-x->address & 7);

    for (; at < x->size && x->size - at >= 8; at += 8) {
        uint64_t value = cfk__load64le(x->data + at);

        if ((value & ~(low | next)) == 0 &&
            (cfk__bin_is_pointer(s, value & low) ||
             cfk__bin_is_pointer(s, (value & low) + s->image->base)))
            cfk__bin_mark(s, x->data + at, CFK__BIN_POINTER);
    }
}

static void in_offsets(const struct cfk__bin_search *s, const struct cfk__bin_section *x,
                       size_t from, size_t end, size_t step)
{
    for (size_t at = from; at < end && at <= x->size && x->size - at >= 4; at += step)
        cfk__bin_mark(s, x->data + at, CFK__BIN_OFFSET);
}

/* Offsets of functions: personalities, an index of pages, and who has what to clean up.
 */
static void in_unwind_info(const struct cfk__bin_search *s,
                           const struct cfk__bin_section *x)
{
    size_t personalities;
    size_t index;
    size_t count;
    size_t lsda;
    size_t lsda_end;

    if (x->size < UNWIND)
        return;
    personalities = cfk__load32le(x->data + 12);
    in_offsets(s, x, personalities,
               personalities + 4 * (size_t)cfk__load32le(x->data + 16), 4);
    index = cfk__load32le(x->data + 20);
    count = cfk__load32le(x->data + 24);
    if (index > x->size || count == 0 || count > (x->size - index) / UNWIND_ENTRY)
        return;
    in_offsets(s, x, index, index + count * UNWIND_ENTRY, UNWIND_ENTRY);
    lsda = cfk__load32le(x->data + index + 8);
    lsda_end = cfk__load32le(x->data + index + (count - 1) * UNWIND_ENTRY + 8);
    in_offsets(s, x, lsda, lsda_end, LSDA_ENTRY);
    in_offsets(s, x, lsda + 4, lsda_end, LSDA_ENTRY);
}

static void in_section(struct cfk__bin_search *s, const uint8_t *h, bool written)
{
    struct cfk__bin_section x;
    uint32_t offset = cfk__load32le(h + 48);

    if (offset == 0 || !cfk__bin_section_at(s, offset, cfk__load64le(h + 40),
                                            cfk__load64le(h + 32) - s->image->base, &x))
        return;
    if (cfk__load32le(h + 64) & HAS_CODE)
        cfk__bin_in_code(s, &x);
    else if (memcmp(h, "__eh_frame", sizeof "__eh_frame") == 0)
        cfk__bin_in_frames(s, &x);
    else if (memcmp(h, "__unwind_info", sizeof "__unwind_info") == 0)
        in_unwind_info(s, &x);
    else if (written)
        in_data(s, &x);
    else
        cfk__bin_in_read_only_data(s, &x);
}

static void in_symbols(struct cfk__bin_search *s, const uint8_t *command)
{
    uint32_t names = cfk__load32le(command + 16);
    struct cfk__bin_section x;
    uint64_t address;

    if (!cfk__bin_section_at(s, cfk__load32le(command + 8),
                             (uint64_t)cfk__load32le(command + 12) * SYMBOL, 0, &x))
        return;
    if (cfk__bin_image_address(s->image, names, &address))
        s->fields->names = address;
    for (size_t at = 0; x.size - at >= SYMBOL; at += SYMBOL) {
        if (cfk__load32le(x.data + at) != 0 && s->fields->names != 0)
            cfk__bin_mark(s, x.data + at, CFK__BIN_NAME);
        if (cfk__bin_is_pointer(s, cfk__load64le(x.data + at + 8)))
            cfk__bin_mark(s, x.data + at + 8, CFK__BIN_POINTER);
    }
}

void cfk__bin_macho_search(struct cfk__bin_search *s)
{
    struct cfk__span head = { s->old.data, cfk__bin_macho_head(s->old) };
    size_t at = HEADER;
    size_t size;
    const uint8_t *c;

    while ((c = next_command(head, &at, &size)) != NULL) {
        bool written = size >= SEGMENT && (cfk__load32le(c + 60) & WRITE) != 0;

        if (is_segment(c, size))
            for (size_t i = SEGMENT; size - i >= SECTION; i += SECTION)
                in_section(s, c + i, written);
        else if (cfk__load32le(c) == LC_SYMTAB && size >= SYMTAB)
            in_symbols(s, c);
    }
}
