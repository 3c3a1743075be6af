/* SPDX-License-Identifier: MIT */
/* How fields are sought in the sections of an old version, whatever its format. */
#ifndef CFK_DELTA_BIN_SEARCH_H
#define CFK_DELTA_BIN_SEARCH_H

#include "delta/bin_fields.h"

struct cfk__bin_section {
    uint64_t address;
    const uint8_t *data;
    size_t size;
};

struct cfk__bin_search {
    const struct cfk__bin_image *image;
    struct cfk__span old;
    uint64_t budget; /* bytes of sections yet to be read: they may overlap */
    struct cfk__bin_fields *fields;
};

/*
 * The part of the file at offset, which is loaded at address. false when it is not within
 * the file, or what was read before is too much already.
 */
bool cfk__bin_section_at(struct cfk__bin_search *s, uint64_t offset, uint64_t size,
                         uint64_t address, struct cfk__bin_section *x);

/* A field of 4 bytes is at that place of the file. */
void cfk__bin_mark(const struct cfk__bin_search *s, const uint8_t *place,
                   enum cfk__bin_field kind);

/* Mark what looks like fields in code, in data, in data that is not written, */
void cfk__bin_in_code(const struct cfk__bin_search *s, const struct cfk__bin_section *x);
void cfk__bin_in_data(const struct cfk__bin_search *s, const struct cfk__bin_section *x);
void cfk__bin_in_read_only_data(const struct cfk__bin_search *s,
                                const struct cfk__bin_section *x);

/* and in .eh_frame. */
void cfk__bin_in_frames(const struct cfk__bin_search *s,
                        const struct cfk__bin_section *x);

/* Whether a pointer in the file with this value points into it. */
bool cfk__bin_is_pointer(const struct cfk__bin_search *s, uint64_t value);

/* For each format: seek all of its sections. */
void cfk__bin_elf_search(struct cfk__bin_search *s);
void cfk__bin_pe_search(struct cfk__bin_search *s);
void cfk__bin_macho_search(struct cfk__bin_search *s);

#endif
