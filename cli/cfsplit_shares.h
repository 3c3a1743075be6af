/* SPDX-License-Identifier: MIT */
/* cfsplit: what was asked for, and the shares of it as files, all or none. */
#ifndef CFSPLIT_SHARES_H
#define CFSPLIT_SHARES_H

#include "cfsplit_words.h"
#include "common/output.h"
#include "split_common.h"

enum { CFSPLIT_OUTPUTS = CFK_SPLIT_MAX_SHARES + 1 };

struct shares_job {
    const char *input;
    const char *folder;
    struct cfk_split_options split;
    const char *holders[CFK_SPLIT_MAX_SHARES];
    uint32_t holder_count;
    bool raw;
    bool words;
    struct words_request in_words;
    bool made_folder;
    unsigned flags;
    int fd;
    uint64_t size;   /* bytes of the secret that were read */
    uint32_t opened; /* outputs: the shares in order, then the lock file */
    uint32_t published;
    char *paths[CFSPLIT_OUTPUTS];
    struct cli_output outputs[CFSPLIT_OUTPUTS];
    char set_id[SPLIT_ID_TEXT]; /* empty where there is none */
};

/* Split the input and publish the files. After a failure none of them is there. */
int shares_make(struct shares_job *job, struct cfk_error *err);

/* Release the paths. */
void shares_free(struct shares_job *job);

#endif
