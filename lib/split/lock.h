/* SPDX-License-Identifier: MIT */
/*
 * What is derived from a master key, what lock files of all kinds begin with,
 * and the head of one that shares open. Format: cfl(5).
 */
#ifndef CFK_SPLIT_LOCK_H
#define CFK_SPLIT_LOCK_H

#include "cfkit/lock.h"
#include "split/share.h"

enum {
    CFK__LOCK_ID_SIZE = 16,
    CFK__LOCK_HEADER = 72, /* of one that shares open */
    CFK__INSIDE_SHARES = 0,
};

/* Where a sealed payload is; bound into its keys. */
struct cfk__place {
    uint8_t set_id[CFK__SET_ID_SIZE];
    uint8_t lock_id[CFK__LOCK_ID_SIZE]; /* zeros inside shares */
    uint8_t kind;                       /* CFK__INSIDE_SHARES, or that of the lock file */
};

/* The context of a payload, CFK__PAYLOAD_CONTEXT bytes at most. Returns its size. */
size_t cfk__place_context(const struct cfk__place *place, uint8_t *context);

/* The key of payloads under a master key. CFK_OK or CFK_E_NOMEM. */
int cfk__payload_key(const uint8_t *master, uint8_t key[32], struct cfk_error *err);

/* The first 16 bytes of any lock file. */
struct cfk__lock_prefix {
    uint8_t version;
    uint8_t kind;
    uint16_t zero;
    uint32_t payload; /* where it begins */
};

void cfk__lock_write_prefix(struct cfk__writer *w, uint8_t kind, uint32_t payload);

/* False where it is not that of a lock. */
bool cfk__lock_read_prefix(struct cfk__reader *r, struct cfk__lock_prefix *prefix);

/* HMAC-SHA-256 of what stands before it in a head. CFK_OK or CFK_E_NOMEM. */
int cfk__lock_mac(const uint8_t *master, struct cfk__span data, uint8_t *mac,
                  struct cfk_error *err);

/*
 * The fields of the first CFK__LOCK_HEADER bytes of a lock file that shares open, not
 * yet authenticated. CFK_E_CORRUPT, CFK_E_NOTSUP.
 */
int cfk__lock_parse(const uint8_t *header, size_t size, struct cfk__place *place,
                    struct cfk_error *err);

/* Write or check these bytes. */
int cfk__lock_write(const uint8_t *master, const struct cfk__place *place,
                    uint8_t *header, struct cfk_error *err);

/* place->set_id is what is wanted. CFK_E_CORRUPT, _NOTSUP, _OTHER_SET, _NOMEM. */
int cfk__lock_read(const uint8_t *master, const uint8_t *header, struct cfk__place *place,
                   struct cfk_error *err);

#endif
