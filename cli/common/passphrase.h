/* SPDX-License-Identifier: MIT */
/*
 * Passphrases, from the terminal without echo or from given descriptors, one
 * line each; never from arguments or the environment.
 */
#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

#include "cfkit/base.h"

#include <stdbool.h>

enum {
    CLI_PASSPHRASE_MAX = 4096, /* bytes */
    CLI_PASSPHRASE_FDS = 64,   /* of --pass-fd */
};

/* Zero it; wipe it with cli_passphrase_wipe() once it has served. */
struct cli_passphrase {
    char bytes[CLI_PASSPHRASE_MAX];
    size_t size;
};

/* Where they come from: in order, and the last one for all that follow. */
struct cli_passphrase_source {
    int fds[CLI_PASSPHRASE_FDS];
    unsigned count; /* 0: the terminal */
    unsigned asked; /* how often so far */
};

/* --pass-fd: a descriptor that is open. False if text is none, or one too many. */
bool cli_passphrase_fd(struct cli_passphrase_source *source, const char *text);

/*
 * Ask with the words "prompt: ", and on a terminal, if again is set, a second
 * time. CFK_OK, CFK_E_IO (nobody to ask, an end of input, an interrupt),
 * CFK_E_LIMIT (over 4096 bytes), CFK_E_INVALID (the second is not the first).
 */
int cli_passphrase_ask(struct cli_passphrase_source *source, const char *prompt,
                       bool again, struct cli_passphrase *out, struct cfk_error *err);
void cli_passphrase_wipe(struct cli_passphrase *passphrase);

#endif
