/* SPDX-License-Identifier: MIT */
/* The handle's insides, for the modules that it is made of. */
#ifndef CFK_UPGRADE_HANDLE_H
#define CFK_UPGRADE_HANDLE_H

#include "cfkit/upgrade.h"
#include "upgrade/fds.h"
#include "upgrade/former.h"
#include "upgrade/notify.h"

#include <sys/types.h>

/* What became readable: the number of a child (0: the handle's own), and a kind. */
enum cfk__token_kind {
    CFK__ON_WAKE,
    CFK__ON_PARENT,
    CFK__ON_EXIT,
    CFK__ON_TIMER,
    CFK__ON_CHANNEL,
    CFK__ON_NOTIFY,
    CFK__ON_READY_FD,
    CFK__ON_KINDS,
};

static inline uint64_t cfk__token(uint64_t child, enum cfk__token_kind kind)
{
    return child * CFK__ON_KINDS + kind;
}

/* A process that this handle started. */
struct cfk__child {
    struct cfk__child *next;
    uint64_t number; /* from 1, never used again */
    uint32_t state;  /* CFK_UPGRADE_STARTING, ... */
    uint32_t generation;
    int32_t reason;   /* of a DYING one */
    int32_t code;     /* that it gave with REJECT */
    bool says_ready;  /* to be looked at with the next call */
    bool closed;      /* READY_FD: if it lives on, this means ready */
    bool speaks;      /* by our protocol: it is told COMMIT and answers SERVING */
    bool prepared;    /* PREPARE was reported */
    bool confirmed;   /* by cfk_upgrade_confirm() */
    bool was_serving; /* PROBATION was reported */
    bool forced;
    pid_t pid;
    int process;  /* its descriptor */
    int timer;    /* until ready, the end of the probation; while draining, SIGKILL */
    int channel;  /* our end, or -1 */
    int notify;   /* our end of NOTIFY_SOCKET, or -1 */
    int ready_fd; /* our end of READY_FD, or -1 */
};

enum cfk__state {
    CFK__STARTING,    /* not ready yet */
    CFK__READY_SENT,  /* waits for COMMIT */
    CFK__SERVING,     /* has taken over */
    CFK__HANDED_OVER, /* another one has */
    CFK__STOPPED,
};

/* What a program hands to the one that follows it, beside descriptors. */
struct cfk__state_file {
    int fd; /* a sealed file in memory, or -1 */
    uint32_t version;
    void *data; /* its mapping, or NULL */
    size_t size;
};

struct cfk_upgrade {
    struct cfk_alloc alloc;
    struct cfk_upgrade_options options;
    pid_t owner; /* who made it: a forked copy is inert */
    enum cfk__state state;
    uint32_t generation;
    struct cfk__fds fds;
    struct cfk__fds leaving;      /* not passed on any more, and not closed yet */
    struct cfk__state_file given; /* by the process that started this one */
    struct cfk__state_file mine;  /* for the next one */
    bool mine_is_new;             /* since the latest one was started */
    int directory;                /* where new processes start, or -1 */
    int ready_fd;                 /* our own READY_FD, or -1 */
    int poll;
    int wake;
    bool tell_committed; /* events that wait for process() */
    bool tell_resume;
    bool tell_stopped;
    bool own_paths; /* the paths of what was inherited are ours to remove */
    bool drained;   /* the parent has said that it has finished */
    int parent;     /* channel to the process that started this one, or -1 */
    bool parent_is_holder;
    struct cfk__former
        former;   /* those before the parent that drained when it started us */
    char *notify; /* the address of the service manager, or NULL */
    struct cfk__child *children;
    uint64_t child_number; /* of the latest */
    uint64_t started;
    uint64_t succeeded;
    uint64_t failed;
    uint64_t forced;
    char notification[CFK__NOTIFY_MAX + 1];
};

static inline bool cfk__is_holder(const cfk_upgrade *u)
{
    return (u->options.flags & CFK_UPGRADE_HOLDER) != 0;
}

/* Whether descriptors and state may be handed on: CFK_OK or CFK_E_STOPPED. */
int cfk__check_open(const cfk_upgrade *u, struct cfk_error *err);

/* Start argv as a child; see cfk_upgrade_start(). */
int cfk__child_start(cfk_upgrade *u, const char *const *argv, const char *const *env,
                     struct cfk_error *err);

/* The child that has not passed its probation yet, or NULL. */
struct cfk__child *cfk__child_starting(const cfk_upgrade *u);
struct cfk__child *cfk__child_by_number(const cfk_upgrade *u, uint64_t number);

/* Kill the one that is starting: reason tells why. FAILED follows when it has ended. */
void cfk__child_fail(struct cfk__child *child, int32_t reason);

/* Tell one that serves to stop, with SIGKILL when its time is up or now. */
void cfk__child_retire(cfk_upgrade *u, struct cfk__child *child, bool now);

/* Tell the service manager how the upgrade stands; a holder does so itself. */
void cfk__tell_begun(const cfk_upgrade *u);
void cfk__tell_passed(const cfk_upgrade *u, pid_t pid);
void cfk__tell_failed(const cfk_upgrade *u);

/* Unlink and release; what it serves goes on. */
void cfk__child_drop(cfk_upgrade *u, struct cfk__child *child);

/* Close the descriptors of the handle and, where paths are ours, remove those. */
void cfk__close_sockets(cfk_upgrade *u, bool remove_paths);

/* Let go of what the process of this number, which serves now, was started without. */
void cfk__close_leaving(cfk_upgrade *u, uint64_t number);

/* This process serves from now on: what nobody asked for is closed. */
void cfk__take_over(cfk_upgrade *u);

/* The parent's channel is readable. */
int cfk__on_parent(cfk_upgrade *u, struct cfk_upgrade_event *event,
                   struct cfk_error *err);

/* Take over a sealed file, which replaces what was there; false: it is none. */
bool cfk__state_adopt(struct cfk__state_file *file, int fd, uint32_t version);

/* Unmap, close and forget. */
void cfk__state_drop(struct cfk__state_file *file);

#endif
