/* SPDX-License-Identifier: MIT */
/*
 * The outside of a zstd frame (RFC 8878, 3.1.1): its header and the row of its
 * blocks, so that sizes are known, limits checked and a frame's end found before
 * anything is decoded.
 */
#ifndef CFK_DELTA_FRAME_H
#define CFK_DELTA_FRAME_H

#include "base/bytes.h"

#define CFK__FRAME_MAGIC        UINT32_C(0xfd2fb528)
#define CFK__FRAME_SIZE_UNKNOWN UINT64_MAX

enum {
    CFK__FRAME_HEADER_MAX = 18,      /* bytes of the longest header, magic included */
    CFK__FRAME_BLOCK_MAX = 1u << 17, /* bytes that a block can become */
};

struct cfk__frame {
    uint64_t window;       /* bytes that copies reach back */
    uint64_t content_size; /* bytes it decodes to, or CFK__FRAME_SIZE_UNKNOWN */
    uint32_t dict_id;      /* of a trained dictionary; 0: none */
    bool checksum;
};

/*
 * Take a header from r. CFK_OK; CFK_E_AGAIN when more bytes are needed;
 * CFK_E_NOTSUP for a skippable frame or none at all; CFK_E_CORRUPT. After a
 * failure r stands where it stood.
 */
int cfk__frame_header(struct cfk__reader *r, struct cfk__frame *out,
                      struct cfk_error *err);

/*
 * Take all blocks and the checksum from r, which stands behind the header.
 * *most is what they can become at most. CFK_OK, or CFK_E_CORRUPT with an offset
 * in r.
 */
int cfk__frame_blocks(struct cfk__reader *r, const struct cfk__frame *frame,
                      uint64_t *most, struct cfk_error *err);

#endif
