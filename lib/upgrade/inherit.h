/* SPDX-License-Identifier: MIT */
/* What a process is given when it starts: the environment and what it names. */
#ifndef CFK_UPGRADE_INHERIT_H
#define CFK_UPGRADE_INHERIT_H

#include "upgrade/fds.h"
#include "upgrade/former.h"

#include <sys/types.h>

enum { CFK__FIRST_FD = 3 }; /* where inherited descriptors begin */

struct cfk__inheritance {
    int channel; /* to the process that handed over, or -1 */
    bool from_holder;
    struct cfk__former former; /* those before that process which still drained */
    uint32_t generation;       /* of this process */
    int state;                 /* descriptor of the state that was handed over, or -1 */
    uint32_t state_version;
    int ready_fd; /* that of READY_FD, or -1: closing it says that we are ready */
    char *notify; /* copy of NOTIFY_SOCKET where nobody handed over, or NULL */
};

/*
 * How many descriptors LISTEN_PID and LISTEN_FDS (NULL where not set) pass to
 * process self; 0 when they are not for it. CFK_OK, CFK_E_CORRUPT, CFK_E_LIMIT.
 */
int cfk__listen_fds_parse(const char *pid_text, const char *count_text, pid_t self,
                          size_t limit, size_t *count, struct cfk_error *err);

/*
 * Append count descriptors from first on to fds under the names of
 * LISTEN_FDNAMES (NULL: all are "unknown"). CFK_OK, CFK_E_CORRUPT (another
 * number of names, or bad ones), CFK_E_LIMIT or CFK_E_NOMEM.
 */
int cfk__listen_names_parse(const char *names, size_t count, int first,
                            struct cfk__fds *fds, struct cfk_error *err);

/* What LISTEN_FDS and its kin name: CFK_OK, CFK_E_CORRUPT, CFK_E_LIMIT, CFK_E_NOMEM. */
int cfk__inherit_listen_fds(struct cfk__fds *fds, struct cfk_error *err);

/* Forget entries without closing what may not be ours. */
void cfk__inherit_disown(struct cfk__fds *fds);

/*
 * Adopt what the environment names. fds is empty and stays so on failure.
 * CFK_OK, CFK_E_CORRUPT, CFK_E_LIMIT, CFK_E_PROTOCOL, CFK_E_IO, CFK_E_NOMEM.
 */
int cfk__inherit(struct cfk__fds *fds, struct cfk__inheritance *out,
                 struct cfk_error *err);

/* Variables of the hand-over, NULL-terminated: removed here, never passed on. */
extern const char *const cfk__handover_variables[];

/* Remove from this process's environment what was, or could have been, adopted. */
void cfk__inherit_clean(void);

#endif
