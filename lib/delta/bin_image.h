/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of an executable file lie in memory: the load segments of ELF and
 * Mach-O, the sections of PE; all of 64 bits, little-endian. Addresses count from where
 * the file as a whole is loaded, so that they fit into 32 bits where the file does.
 */
#ifndef CFK_DELTA_BIN_IMAGE_H
#define CFK_DELTA_BIN_IMAGE_H

#include "base/bytes.h"

enum {
    CFK__BIN_LOADS = 16,
    CFK__BIN_HEAD = 4096, /* bytes of a file within which its load segments are sought */
};

enum cfk__bin_format {
    CFK__BIN_UNKNOWN,
    CFK__BIN_ELF,
    CFK__BIN_PE,
    CFK__BIN_MACHO,
};

struct cfk__bin_load {
    uint64_t offset;
    uint64_t address;
    uint64_t file_size;
    uint64_t memory_size;
    bool runs;
};

/* No loads: not a file of a known format, or a damaged one. */
struct cfk__bin_image {
    enum cfk__bin_format format;
    uint32_t count;
    uint64_t base; /* what pointers in it have above these addresses */
    uint64_t end;  /* of the highest load, in memory */
    struct cfk__bin_load loads[CFK__BIN_LOADS];
};

/*
 * How many bytes from the start tell the loads, as far as those there tell that: at most
 * CFK__BIN_HEAD; 0 when none do.
 */
size_t cfk__bin_image_head(struct cfk__span file);

/* Take what those bytes say; any are allowed. */
void cfk__bin_image_read(struct cfk__bin_image *image, struct cfk__span file);

/* Add a load, unless there are too many. */
void cfk__bin_image_add(struct cfk__bin_image *image, const struct cfk__bin_load *load);

/* false when that byte of the file is not loaded. */
bool cfk__bin_image_address(const struct cfk__bin_image *image, uint64_t offset,
                            uint64_t *address);

/* The load that an address lies in, or NULL. */
const struct cfk__bin_load *cfk__bin_image_load(const struct cfk__bin_image *image,
                                                uint64_t address);

/* Whether code of the file lies there. */
bool cfk__bin_image_runs(const struct cfk__bin_image *image, uint64_t address);

/* The same two for each format. */
size_t cfk__bin_elf_head(struct cfk__span file);
void cfk__bin_elf_read(struct cfk__bin_image *image, struct cfk__span head);
size_t cfk__bin_pe_head(struct cfk__span file);
void cfk__bin_pe_read(struct cfk__bin_image *image, struct cfk__span head);
size_t cfk__bin_macho_head(struct cfk__span file);
void cfk__bin_macho_read(struct cfk__bin_image *image, struct cfk__span head);

#endif
