/* SPDX-License-Identifier: MIT */
#include "structures/hash.h"

#include "base/crypto.h"

int cfk__hasher_init(struct cfk__hasher *h, const uint64_t asked[2],
                     struct cfk_error *err)
{
    *h = (struct cfk__hasher){ .seed = { asked[0], asked[1] } };
    if (h->seed[0] == 0 && h->seed[1] == 0) {
        int rc = cfk__random(h->seed, sizeof h->seed, err);

        if (rc != CFK_OK)
            return rc;
    }
    for (uint8_t i = 0; i < 4; i++)
        h->secret[i] = cfk__siphash24(h->seed, &i, 1) | 1; /* never 0 */
    return CFK_OK;
}

void cfk__hasher_guard(struct cfk__hasher *h)
{
    /* Without randomness, what only those can know who know the seed. */
    if (cfk__random(h->guard, sizeof h->guard, NULL) != CFK_OK)
        for (uint8_t i = 0; i < 2; i++)
            h->guard[i] = cfk__siphash24(h->secret, &i, 1);
    h->guarded = true;
}
