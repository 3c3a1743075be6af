/* SPDX-License-Identifier: MIT */
/* What is derived from a master key, and the head of a lock file. Format: cfs(5). */
#ifndef CFK_SPLIT_LOCK_H
#define CFK_SPLIT_LOCK_H

#include "split/share.h"

enum {
    CFK__LOCK_ID_SIZE = 16,
    CFK__LOCK_HEADER = 72,
};

/* Where a sealed payload is; bound into its keys. */
struct cfk__place {
    uint8_t set_id[CFK__SET_ID_SIZE];
    uint8_t lock_id[CFK__LOCK_ID_SIZE]; /* zeros inside shares */
    bool in_lock;
};

/* The context of a payload, CFK__PAYLOAD_CONTEXT bytes at most. Returns its size. */
size_t cfk__place_context(const struct cfk__place *place, uint8_t *context);

/* The key of payloads under a master key. CFK_OK or CFK_E_NOMEM. */
int cfk__payload_key(const uint8_t *master, uint8_t key[32], struct cfk_error *err);

/* Write or check the first CFK__LOCK_HEADER bytes of a lock file. */
int cfk__lock_write(const uint8_t *master, const struct cfk__place *place,
                    uint8_t *header, struct cfk_error *err);

/* place->set_id is what is wanted. CFK_E_CORRUPT, _NOTSUP, _OTHER_SET, _NOMEM. */
int cfk__lock_read(const uint8_t *master, const uint8_t *header, struct cfk__place *place,
                   struct cfk_error *err);

#endif
