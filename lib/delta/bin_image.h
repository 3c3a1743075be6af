/* SPDX-License-Identifier: MIT */
/* Where the bytes of an executable file lie in memory: the load segments of an ELF file.
 */
#ifndef CFK_DELTA_BIN_IMAGE_H
#define CFK_DELTA_BIN_IMAGE_H

#include "base/bytes.h"

enum {
    CFK__BIN_LOADS = 16,
    CFK__BIN_HEAD = 4096, /* bytes of a file within which its load segments are sought */
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
    uint32_t count;
    uint64_t end; /* of the highest load, in memory */
    struct cfk__bin_load loads[CFK__BIN_LOADS];
};

/*
 * How many bytes from the start tell the loads, as far as those there tell that: at most
 * CFK__BIN_HEAD; 0 when none do.
 */
size_t cfk__bin_image_head(struct cfk__span file);

/* Take what those bytes say; any are allowed. */
void cfk__bin_image_read(struct cfk__bin_image *image, struct cfk__span file);

/* false when that byte of the file is not loaded. */
bool cfk__bin_image_address(const struct cfk__bin_image *image, uint64_t offset,
                            uint64_t *address);

/* The load that an address lies in, or NULL. */
const struct cfk__bin_load *cfk__bin_image_load(const struct cfk__bin_image *image,
                                                uint64_t address);

/* Whether code of the file lies there. */
bool cfk__bin_image_runs(const struct cfk__bin_image *image, uint64_t address);

#endif
