/* SPDX-License-Identifier: MIT */
/* cfjoin --raw: shares that are the bytes, then x. */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "cfjoin_open.h"
#include "common/input.h"

#include <stdlib.h>
#include <string.h>

enum { RAW_LIMIT = 256 << 20 };

static int add_raw(const char *path, struct split_held *shares, size_t *size, uint8_t *x,
                   struct cfk_error *err)
{
    struct cli_input in;
    int rc = cli_input_open(&in, path, RAW_LIMIT, CLI_INPUT_SECRET, err);

    if (rc != CFK_OK)
        return rc;
    if (in.size < 1 || (*size != SIZE_MAX && in.size - 1 != *size)) {
        rc = split_fail(err, CFK_E_CORRUPT, path,
                        "a raw share of another length than the first");
    } else {
        *size = in.size - 1;
        *x = in.data[*size];
        rc = split_hold(shares, in.data, *size, err);
    }
    cli_input_close(&in);
    return rc;
}

int join_raw(struct join_job *job, char *const *paths, int count, struct cfk_error *err)
{
    uint8_t xs[CFK_SPLIT_MAX_SHARES];
    struct split_held shares = { .limit = (size_t)RAW_LIMIT * CFK_SPLIT_MAX_SHARES };
    size_t size = SIZE_MAX;
    uint8_t *secret = NULL;
    int rc = CFK_OK;

    if (count > CFK_SPLIT_MAX_SHARES)
        return split_fail(err, CFK_E_INVALID, "raw shares", "more than 255");
    for (int i = 0; i < count && rc == CFK_OK; i++)
        rc = add_raw(paths[i], &shares, &size, &xs[i], err);
    if (rc == CFK_OK) {
        secret = malloc(size + 1);
        rc = secret == NULL ? split_fail(err, CFK_E_NOMEM, paths[0], "no memory")
                            : cfk_split_shamir_join(xs, shares.data, (uint32_t)count,
                                                    size, secret, err);
    }
    if (rc == CFK_OK)
        rc = join_deliver(job, secret, size, err);
    if (secret != NULL)
        explicit_bzero(secret, size);
    free(secret);
    split_let_go(&shares);
    return rc;
}
