/* SPDX-License-Identifier: MIT */
/* cfsplit --policy: one lock file that named people open. */
#ifndef CFSPLIT_LOCK_H
#define CFSPLIT_LOCK_H

#include "split_audit.h"
#include "split_people.h"

struct lock_job {
    const char *policy; /* NULL: shares were asked for */
    const char *input;
    const char *output; /* NULL: standard output */
    unsigned flags;
    struct cfk_lock_options options;
    struct split_takers takers;
    struct cli_passphrase_source source;
    struct split_audit audit;
};

/* Make it and say so. The exit status. */
int lock_make(struct lock_job *job);

#endif
