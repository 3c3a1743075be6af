/* SPDX-License-Identifier: MIT */
/*
 * A lock file from outside, in pieces, under a fixed key and set; the seeds
 * were sealed under it. What comes out must not depend on the pieces, and once
 * a failure was told nothing more comes out.
 */
#include "base/secret.h"
#include "fuzz.h"
#include "split/stream.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t master[CFK__MASTER_SIZE] = "cfkit fuzzing master key, 32 by";
static const struct cfk__place place = { .set_id = "set12345", .kind = CFK_LOCK_SHARES };

struct outcome {
    int rc;
    size_t size;
    uint64_t sum;
};

static void note(struct outcome *o, const void *data, size_t size)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < size; i++)
        o->sum = o->sum * 31 + p[i];
    o->size += size;
}

static struct outcome open_in_pieces(const uint8_t *data, size_t size, size_t step)
{
    struct outcome o = { CFK_OK, 0, 0 };
    cfk_split_opener *opener;
    const void *out;
    size_t out_size;
    size_t used;

    if (cfk__opener_new(master, &place, NULL, &opener, NULL) != CFK_OK)
        return o;
    while (size > 0 && o.rc == CFK_OK) {
        o.rc = cfk_split_opener_update(opener, data, size < step ? size : step, &used,
                                       &out, &out_size, NULL);
        note(&o, out, out_size);
        data += used;
        size -= used;
    }
    if (o.rc == CFK_OK) {
        o.rc = cfk_split_opener_finish(opener, &out, &out_size, NULL);
        note(&o, out, out_size);
    }
    if (cfk_split_opener_finish(opener, &out, &out_size, NULL) != CFK_E_STATE)
        abort();
    cfk_split_opener_free(opener);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole = open_in_pieces(data, size, SIZE_MAX);
    struct outcome pieces = open_in_pieces(data, size, size > 0 ? 1 + data[0] % 97 : 1);

    if (whole.rc != pieces.rc || whole.size != pieces.size || whole.sum != pieces.sum)
        abort();
    return 0;
}
