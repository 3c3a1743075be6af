/* SPDX-License-Identifier: MIT */
/*
 * What one process tells another: messages, and the description of the
 * descriptors. What is accepted is exactly what the writer would write.
 */
#include "base/alloc.h"
#include "fuzz.h"
#include "upgrade/fds.h"
#include "upgrade/protocol.h"

#include <stdlib.h>
#include <string.h>

static void check_message(const uint8_t *data, size_t size)
{
    uint8_t again[CFK__MESSAGE_MAX];
    struct cfk__message message;

    if (cfk__message_decode(data, size, &message, NULL) != CFK_OK)
        return;
    if (cfk__message_encode(&message, again) != size || memcmp(again, data, size) != 0)
        abort();
}

static void check_description(const uint8_t *data, size_t size)
{
    struct cfk__fds fds = { .limit = 64 };
    struct cfk__buffer again = { .alloc = NULL };
    uint32_t count = size > 8 ? data[8] : 0;

    if (cfk__fds_decode(&fds, data, size, 3, count, NULL) != CFK_OK) {
        if (fds.count != 0)
            abort();
        return;
    }
    if (cfk__fds_encode(&fds, true, &again) != CFK_OK)
        abort();
    /* The inode of a path that is not passed on is not kept. */
    if (again.size != size)
        abort();
    for (size_t i = 0; i < fds.count; i++)
        fds.items[i].fd = -1;
    cfk__fds_clear(&fds);
    cfk__buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_message(data, size);
    check_description(data, size);
    return 0;
}
