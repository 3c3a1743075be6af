/* SPDX-License-Identifier: MIT */
/*
 * Where the old version of an executable holds addresses, as far as its sections and the
 * look of its code tell. Nothing is disassembled and nothing relied on: what is
 * taken for an address by mistake costs bytes, no more.
 */
#ifndef CFK_DELTA_BIN_FIELDS_H
#define CFK_DELTA_BIN_FIELDS_H

#include "delta/bin_image.h"

/* Kinds of fields, of 4 bytes each; code is that of x86-64. */
enum cfk__bin_field {
    CFK__BIN_NONE,
    CFK__BIN_CALL,        /* relative to its end: calls and jumps, */
    CFK__BIN_BRANCH,      /* conditional jumps, */
    CFK__BIN_OPERAND,     /* operands */
    CFK__BIN_POINTER,     /* the low half of a pointer in data */
    CFK__BIN_FRAME,       /* relative to itself: in .eh_frame */
    CFK__BIN_FRAME_INDEX, /* relative to the start of .eh_frame_hdr */
    /*
     * In read-only data, relative to the start of a table of jumps, but taken as relative
     * to itself: tables lie side by side, and the few bytes between mostly move together.
     */
    CFK__BIN_TABLE,
    CFK__BIN_RELOCATED, /* of a relocation: the place, */
    CFK__BIN_ADDEND,    /* and what is put there */
    CFK__BIN_SYMBOL,    /* the value of a symbol, */
    CFK__BIN_NAME,      /* and its name, relative to the start of the names */
    CFK__BIN_OFFSET,    /* from where the file is loaded */
    CFK__BIN_KINDS
};

enum { CFK__BIN_FIELD_SIZE = 4 };

struct cfk__bin_fields {
    uint8_t *kinds;       /* for each byte of the file whether a field starts there */
    uint64_t frame_index; /* the address of .eh_frame_hdr, */
    uint64_t names;       /* of the names of symbols, */
    uint64_t base;        /* and what the low halves of pointers have above addresses */
};

/* Memory of old.size bytes, to be released with alloc. CFK_OK or CFK_E_NOMEM. */
int cfk__bin_fields_find(struct cfk__bin_fields *fields, const struct cfk_alloc *alloc,
                         const struct cfk__bin_image *image, struct cfk__span old);

/* What fields are relative to, in the old version and in the new one. */
struct cfk__bin_bases {
    uint64_t frame_index[2];
    uint64_t names[2];
    uint64_t base[2]; /* of pointers */
};

/* What the value of a field at these addresses is relative to. */
void cfk__bin_bases_find(const struct cfk__bin_bases *b, enum cfk__bin_field kind,
                         const uint64_t here[2], uint64_t bases[2]);

/* The number in a field: what is relative may be negative. */
uint64_t cfk__bin_field_value(enum cfk__bin_field kind, const uint8_t *p);

#endif
