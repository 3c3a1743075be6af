/* SPDX-License-Identifier: MIT */
/* Addresses, and after a comma their socket options. */
#include "fuzz.h"
#include "upgrade/address.h"
#include "upgrade/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char name[CFK__NAME_MAX + 1];
    struct cfk__socket_options options;
    struct cfk__address address;
    char *comma;

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    comma = strchr(text, ',');
    if (comma != NULL)
        *comma++ = '\0';
    if (cfk__address_parse(text, &address, NULL) == CFK_OK) {
        if (address.size > sizeof address.to)
            abort();
        cfk__address_name(text, name, sizeof name);
        if (!cfk__text_is_name(name, strlen(name)))
            abort();
        cfk__socket_options_parse(comma, &address, &options, NULL);
    }
    free(text);
    return 0;
}
