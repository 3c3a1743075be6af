/* SPDX-License-Identifier: MIT */
#include "foreign.h"

#include <string.h>

enum {
    SIZE_MIN = 64, /* of a function */
    UNWIND = 12,   /* of PE: flags, handler, its data */
    INFO = 40,     /* FuncInfo, and behind it an entry each of what it refers to */
    TABLES = 8 + 20 + 20 + 8,
    PE_HEADERS = 0x400,
    PE_SECTIONS = 5,
    PAGE = 0x1000,
    MACHO_COMMANDS = 3 * 72 + 5 * 80 + 24,
    MACHO_HEADERS = 32 + MACHO_COMMANDS,
};

static const uint64_t PE_BASE = 0x180000000, MACHO_BASE = 0x100000000;

/* A part of the file, and where it is in memory. */
struct part {
    size_t at;
    size_t address;
    size_t size;
};

struct program {
    uint8_t *out;
    uint64_t base;
    unsigned count;
    struct part text;
    struct part tables;
    struct part data;
    size_t start[FOREIGN_FUNCTIONS_MAX + 2]; /* of functions, in memory */
    unsigned id[FOREIGN_FUNCTIONS_MAX + 1];
    unsigned place[FOREIGN_FUNCTIONS_MAX + 1];
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

static size_t size_of(uint64_t seed, unsigned id)
{
    struct gen g;

    gen_seed(&g, seed * 1000003 + id);
    return SIZE_MIN + 16 * gen_below(&g, 12);
}

/* Functions in their order, from an address on; what they take. */
static size_t lay_out(struct program *p, uint64_t seed, unsigned functions,
                      unsigned extra, size_t address)
{
    size_t at = address;

    p->count = 0;
    for (unsigned i = 0; i <= functions; i++) {
        if (i == extra)
            p->id[p->count++] = functions;
        if (i < functions)
            p->id[p->count++] = i;
    }
    for (unsigned i = 0; i < p->count; i++) {
        p->place[p->id[i]] = i;
        p->start[i] = at;
        at += size_of(seed, p->id[i]);
    }
    p->start[p->count] = at;
    return at - address;
}

/* Calls and references to data, with any bytes between them. */
static void write_code(const struct program *p, uint64_t seed, unsigned functions,
                       unsigned i)
{
    size_t size = p->start[i + 1] - p->start[i];
    uint8_t *code = p->out + p->text.at + (p->start[i] - p->text.address);
    size_t at = 0;
    struct gen g;

    gen_seed(&g, seed * 7919 + p->id[i]);
    while (at + 16 < size) {
        unsigned target = p->place[gen_below(&g, functions)];
        size_t next = p->start[i] + at;

        for (size_t j = 0; j < 16; j++)
            code[at + j] = (uint8_t)(0x40 + gen_below(&g, 48));
        if (gen_below(&g, 2) == 0) {
            code[at] = 0xe8;
            put(code + at + 1, 4, p->start[target] - next - 5);
            at += 5;
        } else { /* lea data(%rip) */
            memcpy(code + at, "\x48\x8d\x05", 3);
            put(code + at + 3, 4, p->data.address + 8 * (size_t)target - next - 7);
            at += 7;
        }
        at += 1 + gen_below(&g, 6);
    }
}

static void write_all(const struct program *p, uint64_t seed, unsigned functions)
{
    for (unsigned i = 0; i < p->count; i++) {
        uint8_t *table = p->out + p->tables.at + 4 * FOREIGN_CASES * (size_t)i;
        size_t address = p->tables.address + 4 * FOREIGN_CASES * (size_t)i;
        struct gen g;

        write_code(p, seed, functions, i);
        put(p->out + p->data.at + 8 * (size_t)i, 8, p->base + p->start[i]);
        gen_seed(&g, seed * 31 + p->id[i]);
        for (size_t c = 0; c < FOREIGN_CASES; c++)
            put(table + 4 * c, 4, p->start[i] + gen_below(&g, SIZE_MIN) - address);
    }
}

static void pe_section(uint8_t *h, const char *name, struct part part, uint32_t flags)
{
    memcpy(h, name, strlen(name));
    put(h + 8, 4, part.size);
    put(h + 12, 4, part.address);
    put(h + 16, 4, aligned(part.size, 512));
    put(h + 20, 4, part.at);
    put(h + 36, 4, flags);
}

/* What follows another part. */
static struct part next_part(struct part before, size_t size, size_t in_file)
{
    return (struct part){ before.at + aligned(before.size, in_file),
                          before.address + aligned(before.size, PAGE), size };
}

/* Unwind information: a handler, then its data: FuncInfo with an entry of everything. */
static void write_unwind(const struct program *p, struct part unwind, unsigned i)
{
    size_t address = unwind.address + (UNWIND + INFO + TABLES) * (size_t)i;
    uint8_t *u = p->out + unwind.at + (UNWIND + INFO + TABLES) * (size_t)i;
    uint8_t *info = u + UNWIND;
    size_t tables = address + UNWIND + INFO;

    u[0] = 1 | 3 << 3;
    put(u + 4, 4, p->start[0]);
    put(u + 8, 4, address + UNWIND);
    put(info, 4, 0x19930522);
    put(info + 4, 4, 1);
    put(info + 8, 4, tables);
    put(info + 12, 4, 1);
    put(info + 16, 4, tables + 8);
    put(info + 20, 4, 1);
    put(info + 24, 4, tables + 48);
    put(info + INFO + 4, 4, p->start[i] + 16);     /* what cleans up */
    put(info + INFO + 8 + 12, 4, 1);               /* a try block of one handler, */
    put(info + INFO + 8 + 16, 4, tables + 28);     /* which is there: */
    put(info + INFO + 28 + 4, 4, p->data.address); /* the type, */
    put(info + INFO + 28 + 12, 4, p->start[i] + 32);
    put(info + INFO + 48, 4, p->start[i]);
}

size_t foreign_pe(uint64_t seed, unsigned functions, unsigned extra, uint8_t *out)
{
    static struct program p;
    uint8_t *pe = out + 0x80;
    uint8_t *optional = pe + 24;
    uint8_t *sections = optional + 240;
    struct part functions_at;
    struct part places;
    struct part unwind;

    memset(out, 0, FOREIGN_MAX);
    p.out = out;
    p.base = PE_BASE;
    p.text = (struct part){ PE_HEADERS, PAGE, lay_out(&p, seed, functions, extra, PAGE) };
    p.tables =
        next_part(p.text, (4 * FOREIGN_CASES + UNWIND + INFO + TABLES) * p.count, 512);
    p.data = next_part(p.tables, 8 * (size_t)p.count, 512);
    functions_at = next_part(p.data, 12 * (size_t)p.count, 512);
    places = next_part(functions_at, 16, 512);
    unwind = (struct part){ p.tables.at + 4 * FOREIGN_CASES * (size_t)p.count,
                            p.tables.address + 4 * FOREIGN_CASES * (size_t)p.count, 0 };
    memcpy(out, "MZ", 2);
    put(out + 0x3c, 4, 0x80);
    memcpy(pe, "PE\0\0\x64\x86", 6);
    put(pe + 6, 2, PE_SECTIONS);
    put(pe + 20, 2, 240);
    put(optional, 2, 0x20b);
    put(optional + 24, 8, PE_BASE);
    put(optional + 60, 4, PE_HEADERS);
    put(optional + 108, 4, 16);
    put(optional + 112 + 3 * 8, 4, functions_at.address);
    put(optional + 112 + 3 * 8 + 4, 4, functions_at.size);
    put(optional + 112 + 5 * 8, 4, places.address);
    put(optional + 112 + 5 * 8 + 4, 4, places.size);
    pe_section(sections, ".text", p.text, 0x60000020);
    pe_section(sections + 40, ".rdata", p.tables, 0x40000040);
    pe_section(sections + 80, ".data", p.data, 0xc0000040);
    pe_section(sections + 120, ".pdata", functions_at, 0x40000040);
    pe_section(sections + 160, ".reloc", places, 0x42000040);
    write_all(&p, seed, functions);
    for (unsigned i = 0; i < p.count; i++) {
        uint8_t *f = out + functions_at.at + 12 * (size_t)i;

        put(f, 4, p.start[i]);
        put(f + 4, 4, p.start[i + 1]);
        put(f + 8, 4, unwind.address + (UNWIND + INFO + TABLES) * (size_t)i);
        write_unwind(&p, unwind, i);
    }
    put(out + places.at, 4, p.data.address); /* one block, of a few places */
    put(out + places.at + 4, 4, places.size);
    return places.at + 512;
}

static uint8_t *macho_segment(uint8_t *c, const char *name, struct part part,
                              uint32_t flags, unsigned sections)
{
    put(c, 4, 0x19);
    put(c + 4, 4, 72 + 80 * sections);
    memcpy(c + 8, name, strlen(name));
    put(c + 24, 8, MACHO_BASE + part.address);
    put(c + 32, 8, aligned(part.size, PAGE));
    put(c + 40, 8, part.at);
    put(c + 48, 8, part.size);
    put(c + 60, 4, flags);
    put(c + 64, 4, sections);
    return c + 72;
}

static uint8_t *macho_section(uint8_t *h, const char *name, struct part part,
                              uint32_t flags)
{
    memcpy(h, name, strlen(name));
    put(h + 32, 8, MACHO_BASE + part.address);
    put(h + 40, 8, part.size);
    put(h + 48, 4, part.at);
    put(h + 64, 4, flags);
    return h + 80;
}

/* An index of one page, and an entry of each function of who has to clean up. */
static void write_unwind_info(const struct program *p, struct part info)
{
    uint8_t *u = p->out + info.at;

    put(u, 4, 1);
    put(u + 12, 4, 28);
    put(u + 16, 4, 1);
    put(u + 20, 4, 32);
    put(u + 24, 4, 2);
    put(u + 28, 4, p->data.address);
    put(u + 32, 4, p->start[0]);
    put(u + 32 + 8, 4, 56);
    put(u + 44, 4, p->start[p->count]);
    put(u + 44 + 8, 4, 56 + 8 * p->count);
    for (unsigned i = 0; i < p->count; i++) {
        put(u + 56 + 8 * (size_t)i, 4, p->start[i]);
        put(u + 60 + 8 * (size_t)i, 4, p->tables.address + 8 * (size_t)i);
    }
}

size_t foreign_macho(uint64_t seed, unsigned functions, unsigned extra, uint8_t *out)
{
    static struct program p;
    uint8_t *c = out + 32;
    struct part text;
    struct part info;
    struct part frames;
    struct part link;
    size_t names;

    memset(out, 0, FOREIGN_MAX);
    p.out = out;
    p.base = MACHO_BASE;
    p.text.at = p.text.address = aligned(MACHO_HEADERS, 64);
    p.text.size = lay_out(&p, seed, functions, extra, p.text.address);
    p.tables.at = p.tables.address = p.text.at + aligned(p.text.size, 16);
    p.tables.size = 4 * FOREIGN_CASES * (size_t)p.count;
    info.at = info.address = aligned(p.tables.at + p.tables.size, 8);
    info.size = 56 + 8 * (size_t)p.count;
    frames.at = frames.address = aligned(info.at + info.size, 8);
    frames.size = 20 + 20;
    text = (struct part){ 0, 0, aligned(frames.at + frames.size, PAGE) };
    p.data = next_part(text, 8 * (size_t)p.count, PAGE);
    link = next_part(p.data, 0, PAGE);
    names = link.at + 16 * (size_t)p.count;
    link.size = 16 * (size_t)p.count + 1 + 8 * (size_t)p.count;

    put(out, 4, 0xfeedfacf);
    put(out + 4, 4, 0x01000007);
    put(out + 16, 4, 4);
    put(out + 20, 4, MACHO_COMMANDS);
    c = macho_segment(c, "__TEXT", text, 5, 4);
    c = macho_section(c, "__text", p.text, 0x80000400);
    c = macho_section(c, "__const", p.tables, 0);
    c = macho_section(c, "__unwind_info", info, 0);
    c = macho_section(c, "__eh_frame", frames, 0);
    c = macho_segment(c, "__DATA", p.data, 3, 1);
    c = macho_section(c, "__data", p.data, 0);
    c = macho_segment(c, "__LINKEDIT", link, 1, 0);
    put(c, 4, 2);
    put(c + 4, 4, 24);
    put(c + 8, 4, link.at);
    put(c + 12, 4, p.count);
    put(c + 16, 4, names);
    put(c + 20, 4, link.at + link.size - names);

    write_all(&p, seed, functions);
    write_unwind_info(&p, info);
    put(out + frames.at, 4, 16);
    put(out + frames.at + 20, 4, 16);
    put(out + frames.at + 24, 4, 24);
    put(out + frames.at + 28, 8, p.start[0] - (frames.at + 28));
    for (unsigned i = 0; i < p.count; i++) {
        uint8_t *s = out + link.at + 16 * (size_t)i;
        uint8_t *name = out + names + 1 + 8 * (size_t)i;

        put(s, 4, (size_t)(name - (out + names)));
        s[4] = 0xf;
        put(s + 8, 8, MACHO_BASE + p.start[i]);
        memcpy(name, "f0000000", 7);
        for (unsigned d = 6, id = p.id[i]; id > 0; id /= 10, d--)
            name[d] = (uint8_t)('0' + id % 10);
    }
    return link.at + link.size;
}
