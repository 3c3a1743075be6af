/* SPDX-License-Identifier: MIT */
/* The running holder: its server, what has become of it, and what was asked last. */
#ifndef CFUPGRADE_HOLDER_H
#define CFUPGRADE_HOLDER_H

#include "cfupgrade_control.h"
#include "cfupgrade_manager.h"
#include "cfupgrade_options.h"
#include "cfupgrade_probe.h"
#include "cfupgrade_sockets.h"

#include <sys/types.h>

/* Why a server is started. */
enum cfupgrade_kind {
    CFUPGRADE_FIRST,       /* none has served yet */
    CFUPGRADE_BY_UPGRADE,  /* asked for, or SIGHUP */
    CFUPGRADE_BY_ROLLBACK, /* asked for: what ran before */
    CFUPGRADE_BY_RESTART,  /* the last one ended by itself */
};

/* How the latest start ended. */
struct cfupgrade_outcome {
    enum cfupgrade_kind kind;
    uint32_t generation;
    int code; /* CFK_OK: it serves; CFK_E_EXITED, ...: why not */
    time_t when;
    char message[224];
};

struct holder {
    struct cfupgrade_options options;
    struct cfupgrade_control control;
    struct cfupgrade_manager manager;
    struct cfupgrade_probe probe;
    struct cfupgrade_sockets sockets;
    cfk_upgrade *u;
    cfk_upgrade *control_u; /* holds the control socket, and its path */
    int signals;
    char program[4096]; /* ours, for SIGUSR2 */
    char **argv;

    enum cfupgrade_kind kind; /* of the start that is under way, or the latest */
    bool serving;             /* a server is ready */
    bool served;              /* there has been one */
    bool starting;            /* one is on its way */
    bool on_probation;        /* and answers already, but may not stay */
    bool stopping;
    bool finished;
    int status; /* what we will exit with */

    const char **current; /* the command that serves; owned, as the two below */
    const char **previous;
    const char **pending; /* that is starting */
    int32_t server;       /* who serves; 0: nobody */
    time_t since;         /* it does */
    uint64_t since_ns;

    unsigned crashes;    /* in a row */
    uint64_t restart_ns; /* when the next restart is due; 0: none is */

    uint64_t upgrades; /* done */
    uint64_t failures;
    uint64_t restarts;
    uint64_t forced; /* servers that had to be killed */
    struct cfupgrade_outcome last;
};

/* Start the first server. */
void cfupgrade_begin(struct holder *h);

/*
 * Start command, which is taken over, in place of what serves. CFK_OK, or the code of
 * the failure, of which err tells.
 */
int cfupgrade_start(struct holder *h, enum cfupgrade_kind kind, const char **command,
                    struct cfk_error *err);

/* All is as it was; only the program of cfupgrade is another one. */
void cfupgrade_resumed(const struct holder *h);

/* SIGHUP: the same command anew. */
void cfupgrade_again(struct holder *h);
void cfupgrade_stop(struct holder *h, bool now);

/* Stop because somebody wants it: then that is no failure. */
void cfupgrade_asked_to_stop(struct holder *h, bool now);

/* Do all that the handle has to tell. False: it cannot, and h->status says so. */
bool cfupgrade_process(struct holder *h);

/* Do what is due: a restart, a look whether the new server is ready. */
void cfupgrade_due(struct holder *h, uint64_t now_ns);

/* The new server is ready, as has been found out. */
void cfupgrade_confirm(struct holder *h);

/* cfupgrade_status.c: what is told to people and programs. */

/* The answer to "status", "fds" and about an outcome. */
json_t *cfupgrade_status(const struct holder *h);
json_t *cfupgrade_fds(const struct holder *h);
json_t *cfupgrade_outcome(const struct cfupgrade_outcome *outcome);

/* An event as a line of JSON on standard output, where that was wanted. */
void cfupgrade_tell(const char *event, json_t *fields);
json_t *cfupgrade_about(const struct cfk_upgrade_event *event);

enum { CFUPGRADE_HOW_SIZE = 96 };
/* How a process ended, in words. */
void cfupgrade_how(const struct cfk_upgrade_event *event, char out[CFUPGRADE_HOW_SIZE]);

/* cfupgrade_serve.c: cfupgrade_serve for the control socket. */
enum cfupgrade_wait cfupgrade_serve_request(void *holder,
                                            const struct cfupgrade_request *request,
                                            json_t **answer);

#endif
