/* SPDX-License-Identifier: MIT */
/*
 * Text that comes with a process: notifications, LISTEN_FDS and
 * LISTEN_FDNAMES, CFK_UPGRADE. The first byte says how many names there are.
 */
#include "fuzz.h"
#include "upgrade/inherit.h"
#include "upgrade/notify.h"
#include "upgrade/protocol.h"

#include <stdlib.h>
#include <string.h>

static void check_names(const char *text, size_t count)
{
    struct cfk__fds fds = { .limit = 64 };
    struct cfk__buffer again = { .alloc = NULL };
    int rc = cfk__listen_names_parse(text, count, 3, &fds, NULL);

    if (rc == CFK_OK && count > 0) {
        if (fds.count != count || cfk__fds_names(&fds, &again) != CFK_OK ||
            again.size != strlen(text) || memcmp(again.data, text, again.size) != 0)
            abort();
    }
    for (size_t i = 0; i < fds.count; i++)
        fds.items[i].fd = -1;
    cfk__fds_clear(&fds);
    cfk__buffer_free(&again);
}

static void check_handover(const char *text)
{
    struct cfk__handover handover;
    struct cfk__handover again;
    char printed[CFK__HANDOVER_TEXT];

    if (!cfk__handover_parse(text, &handover))
        return;
    cfk__handover_print(&handover, printed);
    if (!cfk__handover_parse(printed, &again) || again.fd != handover.fd ||
        memcmp(again.cookie, handover.cookie, sizeof again.cookie) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk__notification notification;
    size_t count;
    char *text;

    if (size == 0)
        return 0;
    text = malloc(size);
    if (text == NULL)
        abort();
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    cfk__notify_parse(data + 1, size - 1, &notification);
    check_names(text, data[0] % 65);
    check_handover(text);
    cfk__listen_fds_parse("1", text, 1, 64, &count, NULL);
    cfk__listen_fds_parse(text, "1", 1, 64, &count, NULL);
    free(text);
    return 0;
}
