/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 0x1000,
    HEADERS = 64 + 2 * 56,
    RELOCATION = 24,
    SYMBOL = 24,
    SECTION = 64,
    SECTIONS = 9,
    EXTRA_SIZE = 96,
};

/* Where the parts are, in the file; in memory data lies a page further. */
struct layout {
    uint8_t *out;
    size_t symbols;
    size_t names;
    size_t relocations;
    size_t text;
    size_t frames;
    size_t frame_index;
    size_t data;
    size_t end;
    unsigned count;
    size_t function[PROGRAM_FUNCTIONS_MAX + 1]; /* start of each */
    size_t size[PROGRAM_FUNCTIONS_MAX + 1];
    unsigned id[PROGRAM_FUNCTIONS_MAX + 1];    /* that the generator knows it by */
    unsigned place[PROGRAM_FUNCTIONS_MAX + 1]; /* of an id */
};

static void put(uint8_t *p, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static size_t aligned(size_t at, size_t to)
{
    return (at + to - 1) / to * to;
}

/* Function ids in the order of the file, with their sizes. */
static void choose(struct layout *l, uint64_t seed, unsigned functions, unsigned extra)
{
    for (unsigned i = 0; i <= functions; i++) {
        struct gen g;

        if (i == extra) {
            l->id[l->count] = functions;
            l->size[l->count++] = EXTRA_SIZE;
        }
        if (i == functions)
            break;
        gen_seed(&g, seed * 100000 + i);
        l->id[l->count] = i;
        l->size[l->count++] = 40 + (size_t)gen_below(&g, 200);
    }
    for (unsigned i = 0; i < l->count; i++)
        l->place[l->id[i]] = i;
}

static void lay_out(struct layout *l)
{
    size_t at = HEADERS;

    l->symbols = aligned(at, 8);
    l->names = l->symbols + SYMBOL * (size_t)l->count;
    l->relocations = aligned(l->names + 1 + 8 * (size_t)l->count, 8);
    l->text = aligned(l->relocations + RELOCATION * (size_t)l->count, 16);
    at = l->text;
    for (unsigned i = 0; i < l->count; i++) {
        l->function[i] = at;
        at = aligned(at + l->size[i], 16);
    }
    l->frame_index = aligned(at, 8);
    l->frames = aligned(l->frame_index + 12 + 8 * (size_t)l->count, 8);
    l->data = aligned(l->frames + 20 + 20 * (size_t)l->count, 8);
    l->end = l->data + 8 * (size_t)l->count;
}

static void write_function(const struct layout *l, uint64_t seed, unsigned functions,
                           unsigned i)
{
    uint8_t *code = l->out + l->function[i];
    size_t at = 0;
    struct gen g;

    gen_seed(&g, seed * 7919 + l->id[i]);
    while (at + 16 < l->size[i]) {
        unsigned target = l->place[gen_below(&g, functions)];
        size_t next = l->function[i] + at + 5;

        for (int j = 0; j < 6; j++)
            code[at + 7 + (size_t)j] = (uint8_t)(0x40 + gen_below(&g, 48));
        if (gen_below(&g, 2) == 0) {
            code[at] = 0xe8;
            put(code + at + 1, 4, l->function[target] - next);
            at += 5;
        } else { /* lea data(%rip) */
            code[at] = 0x48;
            code[at + 1] = 0x8d;
            code[at + 2] = 0x05;
            put(code + at + 3, 4, l->data + PAGE + 8 * (size_t)target - next - 2);
            at += 7;
        }
        at += 1 + gen_below(&g, 6);
    }
}

static void write_tables(const struct layout *l)
{
    uint8_t *out = l->out;
    uint8_t *frame = out + l->frames;

    put(frame, 4, 16); /* a common entry, then one a function */
    frame += 20;
    put(out + l->frame_index, 4, 0x3b031b01);
    for (unsigned i = 0; i < l->count; i++, frame += 20) {
        uint8_t *s = out + l->symbols + SYMBOL * (size_t)i;
        uint8_t *r = out + l->relocations + RELOCATION * (size_t)i;
        uint8_t *x = out + l->frame_index + 12 + 8 * (size_t)i;
        uint8_t *name = out + l->names + 1 + 8 * (size_t)i;

        put(s, 4, (uint64_t)(name - (out + l->names)));
        s[4] = 0x12;
        put(s + 8, 8, l->function[i]);
        put(s + 16, 8, l->size[i]);
        memcpy(name, "f0000000", 7);
        for (unsigned d = 6, id = l->id[i]; id > 0; id /= 10, d--)
            name[d] = (uint8_t)('0' + id % 10);
        put(r, 8, l->data + PAGE + 8 * (size_t)i);
        put(r + 8, 8, 8);
        put(r + 16, 8, l->function[i]);
        put(out + l->data + 8 * (size_t)i, 8, l->function[i]);
        put(x, 4, l->function[i] - l->frame_index);
        put(x + 4, 4, (uint64_t)(frame - (out + l->frame_index)));
        put(frame, 4, 16);
        put(frame + 4, 4, (uint64_t)(frame + 4 - (out + l->frames)));
        put(frame + 8, 4, l->function[i] - (size_t)(frame + 8 - out));
        put(frame + 12, 4, l->size[i]);
    }
}

static void write_load(uint8_t *p, unsigned flags, size_t offset, size_t address,
                       size_t size)
{
    put(p, 4, 1);
    put(p + 4, 4, flags);
    put(p + 8, 8, offset);
    put(p + 16, 8, address);
    put(p + 32, 8, size);
    put(p + 40, 8, size);
}

static size_t write_headers(const struct layout *l)
{
    static const char names[] = "\0.dynsym\0.dynstr\0.rela.dyn\0.text\0.eh_frame_hdr\0."
                                "eh_frame\0.data\0.shstrtab";
    const struct {
        unsigned name;
        unsigned type;
        unsigned flags;
        size_t start;
        size_t end;
    } parts[SECTIONS] = {
        { 0, 0, 0, 0, 0 },
        { 1, 11, 2, l->symbols, l->names },
        { 9, 3, 2, l->names, l->names + 1 + 8 * (size_t)l->count },
        { 17, 4, 2, l->relocations, l->relocations + RELOCATION * (size_t)l->count },
        { 27, 1, 6, l->text, l->frame_index },
        { 33, 1, 2, l->frame_index, l->frames },
        { 47, 1, 2, l->frames, l->data },
        { 57, 1, 3, l->data, l->end },
        { 63, 3, 0, l->end, l->end + sizeof names },
    };
    size_t headers = aligned(l->end + sizeof names, 8);
    uint8_t *out = l->out;

    memcpy(out, "\177ELF\2\1\1", 7);
    put(out + 32, 8, 64);
    put(out + 40, 8, headers);
    put(out + 54, 2, 56);
    put(out + 56, 2, 2);
    put(out + 58, 2, SECTION);
    put(out + 60, 2, SECTIONS);
    put(out + 62, 2, SECTIONS - 1);
    write_load(out + 64, 5, 0, 0, l->data);
    write_load(out + 64 + 56, 6, l->data, l->data + PAGE, l->end - l->data);
    memcpy(out + l->end, names, sizeof names);
    for (unsigned i = 0; i < SECTIONS; i++) {
        uint8_t *h = out + headers + SECTION * (size_t)i;

        put(h, 4, parts[i].name);
        put(h + 4, 4, parts[i].type);
        put(h + 8, 8, parts[i].flags);
        put(h + 16, 8, parts[i].start + (parts[i].start == l->data ? PAGE : 0));
        put(h + 24, 8, parts[i].start);
        put(h + 32, 8, parts[i].end - parts[i].start);
    }
    return headers + SECTION * SECTIONS;
}

size_t program_make(uint64_t seed, unsigned functions, unsigned extra, uint8_t *out)
{
    struct layout *l = calloc(1, sizeof *l);
    size_t size;

    memset(out, 0, PROGRAM_MAX);
    l->out = out;
    choose(l, seed, functions, extra);
    lay_out(l);
    for (unsigned i = 0; i < l->count; i++)
        write_function(l, seed, functions, i);
    write_tables(l);
    size = write_headers(l);
    free(l);
    return size;
}
