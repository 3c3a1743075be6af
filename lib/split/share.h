/* SPDX-License-Identifier: MIT */
/* One share: its fields, its bytes, its text. The format: cfs(5). */
#ifndef CFK_SPLIT_SHARE_H
#define CFK_SPLIT_SHARE_H

#include "base/bytes.h"
#include "cfkit/split.h"
#include "split/merkle.h"
#include "split/payload.h"

enum {
    CFK__SET_ID_SIZE = 8,
    CFK__MASTER_SIZE = 32,
    CFK__SHARE_COMMON = 20, /* SHA-256, cut: with a point it makes one block */
    CFK__SHARE_MAX_PAYLOAD =
        CFK__PAYLOAD_PREFIX + CFK_SPLIT_MAX_INSIDE + CFK__PAYLOAD_TAG,
    CFK__SHARE_MAX_BYTES = 512 + CFK__SHARE_MAX_PAYLOAD,
};

struct cfk__share {
    uint8_t set_id[CFK__SET_ID_SIZE];
    uint16_t generation;
    uint8_t threshold;
    uint8_t count;
    uint8_t x;
    uint8_t y[CFK__MASTER_SIZE];
    uint8_t root[CFK__MERKLE_HASH];
    uint8_t proof[CFK__MERKLE_PROOF];
    char holder[CFK_SPLIT_MAX_NAME + 1];
    char label[CFK_SPLIT_MAX_NAME + 1];
    uint16_t payload_size; /* 0: the secret is in a lock file */
    uint8_t payload[CFK__SHARE_MAX_PAYLOAD];
    uint8_t common[CFK__SHARE_COMMON]; /* hash of what is the same in all of a set's */
};

/* What it takes to write or read a share, all of it secret. */
struct cfk__share_work {
    struct cfk__share share;
    uint8_t bytes[CFK__SHARE_MAX_BYTES];
};

/* UTF-8 of 0 to 64 bytes without control characters. */
bool cfk__share_name_ok(const char *name, size_t size);

/* Set common from all but the point, the proof and the names. CFK_OK or CFK_E_NOMEM. */
int cfk__share_hash_common(struct cfk__hash_ctx *hash, struct cfk__share *share,
                           struct cfk_error *err);

/* The leaf of a point in the tree of a set, from what its shares have in common. */
int cfk__share_leaf(struct cfk__hash_ctx *hash, const uint8_t *common, uint8_t x,
                    const uint8_t y[CFK__MASTER_SIZE], uint8_t *leaf,
                    struct cfk_error *err);

/* The share of work as text and a NUL, at most CFK_SPLIT_MAX_SHARE_TEXT bytes. */
int cfk__share_write(struct cfk__share_work *work, char *text, size_t *len,
                     struct cfk_error *err);

/*
 * Read and judge a share, see cfk_split_share_check(). *row is where it was
 * mistyped, or 0. On failure the share holds what was read so far.
 */
int cfk__share_read(const char *text, size_t len, struct cfk__share_work *work,
                    uint32_t *row, struct cfk_error *err);

/* "share 2 of bob" or "share 2", for messages; 96 bytes are enough. */
const char *cfk__share_title(const struct cfk__share *share, char *title, size_t size);

#endif
