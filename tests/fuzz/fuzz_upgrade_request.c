/* SPDX-License-Identifier: MIT */
/* What a client sends to the control socket of cfupgrade. */
#include "../../cli/cfupgrade_request.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* A word of the request lies within it, as a whole. */
static void check_word(const char *word, const char *data, size_t size)
{
    if (word < data || word >= data + size || word + strlen(word) >= data + size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfupgrade_request request;
    char *text =
        malloc(size == 0 ? 1 : size); /* no longer: what is read beyond is seen */

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    if (cfupgrade_request_parse(text, size, &request) == NULL) {
        if (request.verb >= CFUPGRADE_VERBS ||
            cfupgrade_verb(cfupgrade_verb_name(request.verb)) != request.verb ||
            (request.command != NULL &&
             (request.command[0] == NULL || request.command[0][0] == '\0' ||
              request.verb != CFUPGRADE_UPGRADE)) ||
            (request.now && request.verb != CFUPGRADE_STOP))
            abort();
        for (size_t i = 0; request.words[i] != NULL; i++)
            check_word(request.words[i], text, size);
        for (size_t i = 0; request.command != NULL && request.command[i] != NULL; i++)
            check_word(request.command[i], text, size);
        for (size_t i = 0; i < request.listen_count; i++)
            check_word(request.listens[i], text, size);
        cfupgrade_request_free(&request);
    }
    free(text);
    return 0;
}
