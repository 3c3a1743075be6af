/* SPDX-License-Identifier: MIT */
/*
 * The input as the text of a share, as two shares, and as the bytes of one
 * under right checks, so that the fields behind them are reached. What is taken
 * for a share must be written as text again and be read again as the same.
 */
#include "base/crypto.h"
#include "cfkit/split.h"
#include "fuzz.h"
#include "split/rows.h"
#include "split/share.h"

#include <stdlib.h>
#include <string.h>

static void round_trip(const char *text, size_t size)
{
    static struct cfk__share_work work, again;
    static char written[CFK_SPLIT_MAX_SHARE_TEXT];
    uint32_t row;
    size_t len;

    memset(&work, 0, sizeof work);
    memset(&again, 0, sizeof again);
    if (cfk__share_read(text, size, &work, &row, NULL) != CFK_OK)
        return;
    if (cfk__share_write(&work, written, &len, NULL) != CFK_OK ||
        cfk__share_read(written, len, &again, &row, NULL) != CFK_OK ||
        memcmp(&work.share, &again.share, sizeof work.share) != 0)
        abort();
}

/* Put the checksum and the rows' checks around the bytes. */
static void as_bytes(const uint8_t *data, size_t size)
{
    static uint8_t bytes[4096 + 4];
    static char text[CFK_SPLIT_MAX_SHARE_TEXT];
    uint8_t digest[CFK__SHA256_SIZE];

    if (size > 4096)
        size = 4096;
    if (size > 0)
        memcpy(bytes, data, size);
    if (cfk__hash(CFK__SHA256, bytes, size, digest, NULL) != CFK_OK)
        return;
    memcpy(bytes + size, digest, 4);
    cfk__rows_write((struct cfk__span){ bytes, size + 4 }, text);
    round_trip(text, cfk__rows_text_size(size + 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    cfk_split_quorum *quorum;
    const void *secret;
    size_t secret_size;
    size_t half = size / 2;
    int rc;

    round_trip(text, size);
    as_bytes(data, size);
    if (cfk_split_quorum_new(NULL, &quorum, NULL) != CFK_OK)
        return 0;
    rc = cfk_split_quorum_add(quorum, text, size, NULL);
    if (rc == CFK_OK && cfk_split_quorum_have(quorum) != 1)
        abort();
    cfk_split_quorum_add(quorum, text + half, size - half, NULL);
    cfk_split_quorum_open(quorum, &secret, &secret_size, NULL);
    cfk_split_quorum_free(quorum);
    return 0;
}
