/* SPDX-License-Identifier: MIT */
/* Keys from passphrases: Argon2id (RFC 9106), within bounds. */
#ifndef CFK_SPLIT_KDF_H
#define CFK_SPLIT_KDF_H

#include "base/bytes.h"

struct cfk__kdf_cost {
    uint32_t memory_kib;
    uint32_t passes;
    uint32_t lanes;
};

struct cfk__kdf_limits {
    uint32_t memory_kib; /* 0: 1 GiB; memory times passes is at most 4 times this */
    uint32_t passes;     /* 0: 16 */
};

/*
 * Whether a cost from outside may be paid. CFK_OK, CFK_E_INVALID (Argon2id does
 * not know it), CFK_E_LIMIT.
 */
int cfk__kdf_check(const struct cfk__kdf_cost *cost, const struct cfk__kdf_limits *limits,
                   struct cfk_error *err);

struct cfk__kdf_input {
    struct cfk__span passphrase;
    struct cfk__span salt; /* 8 bytes or more */
    struct cfk__span secret;
    struct cfk__span ad;
};

/* CFK_OK, CFK_E_INVALID or CFK_E_NOMEM. On one thread; its memory is wiped. */
int cfk__kdf(const struct cfk__kdf_cost *cost, const struct cfk__kdf_input *input,
             uint8_t *out, size_t out_size, struct cfk_error *err);

#endif
