/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getrandom */

#include "base/crypto.h"
#include "base/error.h"

#include <errno.h>
#include <sys/random.h>

int cfk__random(void *out, size_t size, struct cfk_error *err)
{
    uint8_t *p = out;

    while (size > 0) {
        ssize_t got = getrandom(p, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return cfk__fail_errno(err, CFK_E_RANDOM, errno,
                                   "random: the system gives no random bytes");
        p += got;
        size -= (size_t)got;
    }
    return CFK_OK;
}
