/* SPDX-License-Identifier: MIT */
/* The handle's insides, for the modules that it is made of. */
#ifndef CFK_UPGRADE_HANDLE_H
#define CFK_UPGRADE_HANDLE_H

#include "cfkit/upgrade.h"
#include "upgrade/fds.h"

#include <sys/types.h>

/* What became readable: the number of a child (0: the handle's own), and a kind. */
enum cfk__token_kind {
    CFK__ON_WAKE,
    CFK__ON_PARENT,
    CFK__ON_EXIT,
    CFK__ON_TIMER,
    CFK__ON_CHANNEL,
    CFK__ON_NOTIFY,
    CFK__ON_KINDS = 8,
};

static inline uint64_t cfk__token(uint64_t child, enum cfk__token_kind kind)
{
    return child * CFK__ON_KINDS + kind;
}

enum cfk__child_state {
    CFK__CHILD_STARTING,   /* runs, and has not said that it is ready */
    CFK__CHILD_COMMITTING, /* has, and was told to take over */
    CFK__CHILD_SERVING,
    CFK__CHILD_DRAINING, /* was told to stop */
    CFK__CHILD_DYING,    /* failed to start and was killed; reason tells why */
};

/* A process that this handle started. */
struct cfk__child {
    struct cfk__child *next;
    uint64_t number; /* from 1, never used again */
    enum cfk__child_state state;
    uint32_t generation;
    int32_t reason;
    bool forced;
    pid_t pid;
    int process; /* its descriptor */
    int timer;   /* until ready; while draining, until SIGKILL */
    int channel; /* our end, or -1 */
    int notify;  /* our end of NOTIFY_SOCKET, or -1 */
};

enum cfk__state {
    CFK__STARTING,    /* not ready yet */
    CFK__READY_SENT,  /* waits for COMMIT */
    CFK__SERVING,     /* has taken over */
    CFK__HANDED_OVER, /* another one has */
    CFK__STOPPED,
};

struct cfk_upgrade {
    struct cfk_alloc alloc;
    struct cfk_upgrade_options options;
    pid_t owner; /* who made it: a forked copy is inert */
    enum cfk__state state;
    uint32_t generation;
    struct cfk__fds fds;
    int poll;
    int wake;
    bool tell_committed; /* events that wait for process() */
    bool tell_stopped;
    int parent; /* channel to the process that started this one, or -1 */
    char *notify;
    struct cfk__child *children;
    uint64_t child_number; /* of the latest */
};

static inline bool cfk__is_holder(const cfk_upgrade *u)
{
    return (u->options.flags & CFK_UPGRADE_HOLDER) != 0;
}

/* Start argv as a child; see cfk_upgrade_start(). */
int cfk__child_start(cfk_upgrade *u, const char *const *argv, const char *const *env,
                     struct cfk_error *err);

/* The child that is not serving yet, or NULL. */
struct cfk__child *cfk__child_starting(const cfk_upgrade *u);
struct cfk__child *cfk__child_by_number(const cfk_upgrade *u, uint64_t number);

/* Kill one that is not serving yet: reason tells why. FAILED follows when it has ended.
 */
void cfk__child_fail(struct cfk__child *child, int32_t reason);

/* Tell one that serves to stop, with SIGKILL when its time is up or now. */
void cfk__child_retire(cfk_upgrade *u, struct cfk__child *child, bool now);

/* Unlink and release; what it serves goes on. */
void cfk__child_drop(cfk_upgrade *u, struct cfk__child *child);

/* Close the descriptors of the handle and, where paths are ours, remove those. */
void cfk__close_sockets(cfk_upgrade *u, bool remove_paths);

/* This process serves from now on: what nobody asked for is closed. */
void cfk__take_over(cfk_upgrade *u);

/* Send a message that has no payload. 0, or -1: the other side is gone. */
int cfk__say(int channel, uint8_t type);

#endif
