/* SPDX-License-Identifier: MIT */
/* Our own encoder: scan, parse and blocks put together to a zstd frame. */
#ifndef CFK_DELTA_OWN_H
#define CFK_DELTA_OWN_H

#include "delta/index.h"
#include "delta/scan.h"

/* Old and new version together; more than that has offsets beyond 32 bits or near. */
#define CFK__OWN_MAX (UINT64_C(1) << 31)

/* What a level, 1 to 9, is worth for old and new version of so many bytes together. */
void cfk__own_effort(struct cfk__effort *out, uint32_t level, uint64_t total);

/* Index all of a reference, by trees or by chains. CFK_OK or CFK_E_NOMEM. */
int cfk__own_index(struct cfk__index *index, const struct cfk_alloc *alloc, bool tree,
                   const uint8_t *old_data, size_t old_size);

struct cfk__own_job {
    const struct cfk_alloc *alloc;
    const uint8_t *old_data;
    size_t old_size;
    const struct cfk__index *old_index; /* of the kind that effort wants */
    const uint8_t *new_data;
    size_t new_size;
    const struct cfk__effort *effort;
    bool checksum;
};

/*
 * Write the frame that turns old into new. Both may overlap. CFK_OK,
 * CFK_E_NOMEM, or CFK_E_SPACE when it does not fit.
 */
int cfk__own_encode(const struct cfk__own_job *job, uint8_t *out, size_t capacity,
                    size_t *size);

#endif
