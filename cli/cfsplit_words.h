/* SPDX-License-Identifier: MIT */
/* cfsplit --words: what was asked for, and the shares of it. */
#ifndef CFSPLIT_WORDS_H
#define CFSPLIT_WORDS_H

#include "common/cli.h"
#include "common/passphrase.h"

struct words_request {
    struct cfk_words_group groups[CFK_WORDS_MAX_GROUPS];
    uint32_t group_count;
    uint32_t needed; /* of the groups; 0: all */
    bool passphrase; /* there is one */
    struct cli_passphrase_source source;
};

/* --group: "2/3". False if text is none, or one too many. */
bool words_add_group(struct words_request *request, const char *text);

/* With --group, shares are counted there, and -k counts groups. CLI_YES or usage. */
int words_settle_groups(struct words_request *request, struct cfk_split_options *o);

/* Without, -k and -n are those of a single group. CLI_YES or usage. */
int words_settle(struct words_request *request, bool words,
                 const struct cfk_split_options *o);

/* Which share of which group number is, all counted from 0. */
void words_place(const struct words_request *request, uint32_t number, uint32_t *group,
                 uint32_t *member);

/* Ask for the passphrase if there is one, and split. */
int words_make(struct words_request *request, const void *secret, size_t size,
               cfk_words **out, struct cfk_error *err);

#endif
