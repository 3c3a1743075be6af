/* SPDX-License-Identifier: MIT */
/* Whole files and streams as bytes. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "cfkit/base.h"

#include <stdbool.h>

struct cli_input {
    const uint8_t *data; /* never NULL after success */
    size_t size;
    void *map; /* NULL: data is on the heap */
    bool secret;
};

enum {
    CLI_INPUT_SECRET = 1, /* never mapped; wiped when closed and as it grows */
    CLI_INPUT_BINARY = 2, /* refuse to read it from a terminal */
    CLI_INPUT_LARGE = 4,  /* the limit is not for files that are mapped */
};

/*
 * Read all of path, "-" being standard input: large regular files are mapped,
 * everything else grows up to limit bytes. CFK_OK, CFK_E_IO, CFK_E_LIMIT,
 * CFK_E_NOMEM, CFK_E_INVALID (a terminal or a directory). A mapped file that
 * shrinks meanwhile ends the tool with a message and CLI_TROUBLE.
 */
int cli_input_open(struct cli_input *in, const char *path, uint64_t limit, unsigned flags,
                   struct cfk_error *err);
void cli_input_close(struct cli_input *in);

#endif
