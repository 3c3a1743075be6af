/* SPDX-License-Identifier: MIT */
/* --audit-fd: a line of JSON for each thing that was tried or done with a lock. */
#ifndef SPLIT_AUDIT_H
#define SPLIT_AUDIT_H

#include "common/cli.h"

#define SPLIT_AUDIT_HELP                                                                 \
    "      --audit-fd N    tell descriptor N of every try, a line of JSON each\n"

struct split_audit {
    bool wanted;
    int fd;
    int cause; /* errno of the first line that was lost, or 0 */
};

/* The option: a descriptor that is open. False if text is none. */
bool split_audit_fd(struct split_audit *audit, const char *text);

/* Have a lock tell it. */
void split_audit_attach(struct split_audit *audit, struct cfk_lock_options *options);

/* What no one could be told of does not happen: CFK_E_IO after a line was lost. */
int split_audit_check(const struct split_audit *audit, struct cfk_error *err);

#endif
