/* SPDX-License-Identifier: MIT */
/* --ready connect and exec:CMD: finding out whether a new server is ready. */
#ifndef CFUPGRADE_PROBE_H
#define CFUPGRADE_PROBE_H

#include "cfkit/cfkit.h"

#include <stdbool.h>
#include <sys/types.h>

struct cfupgrade_probe {
    bool connect;        /* it is ready when it accepts on the first stream socket */
    const char *command; /* or when this exits 0; NULL: neither */
    int connection;      /* of connect; -1: none */
    pid_t process;       /* that runs the command; 0: none */
    uint64_t next_ns;    /* when the next try is due; UINT64_MAX: none is */
    bool complained;
};

/* A server has been started. */
void cfupgrade_probe_begin(struct cfupgrade_probe *p, uint64_t now_ns);

/* Try, if it is time to; env is that of the server. True: the server is ready. */
bool cfupgrade_probe_due(struct cfupgrade_probe *p, const cfk_upgrade *u, uint64_t now_ns,
                         char *const *env);

/* A child that is not the handle's has ended. True: it was the probe, and said yes. */
bool cfupgrade_probe_ended(struct cfupgrade_probe *p, pid_t pid, int status,
                           uint64_t now_ns);

/* The start is over, whatever became of it. */
void cfupgrade_probe_end(struct cfupgrade_probe *p);

/* Whether there is a socket that can be connected to. */
bool cfupgrade_probe_possible(const cfk_upgrade *u);

#endif
