/* SPDX-License-Identifier: MIT */
/*
 * A chain of web servers (web.h), each of which has started the one that
 * replaces it, seen from outside: by signals and by what they report.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <netinet/in.h>
#include <stdint.h>

struct chain {
    struct sockaddr_in to; /* where it serves */
    int report;
    int serving; /* process that serves */
    uint32_t generation;
    int started; /* process that was started last */
};

/* What a line of a report says. */
enum chain_word {
    CHAIN_SERVING, /* sets serving and generation */
    CHAIN_STARTED, /* sets started */
    CHAIN_REFUSED,
    CHAIN_FAILED,
    CHAIN_RESUMED,
    CHAIN_REPLACED,
    CHAIN_SILENCE, /* nothing in the time given */
};

/* Start the first server by argv, on a free port. 0, or -1. */
int chain_begin(struct chain *c, const char *const *argv);

/* Kill what serves and reap everything. */
void chain_end(struct chain *c);

/* The next line of the report. */
enum chain_word chain_hear(struct chain *c, int timeout_ms);

/* SIGHUP, until a process was started; tried again while the former one drains. */
int chain_start(struct chain *c);

/* 0 when the one that was started serves and the former one has let go, or -1. */
int chain_finish(struct chain *c);

/* A whole upgrade: both. */
int chain_upgrade(struct chain *c);

/*
 * Start an upgrade and kill one side of it after ns: the old process, or the new
 * one. 0 when the service goes on (c->serving tells who serves), or -1.
 */
int chain_kill_old(struct chain *c, uint64_t ns);
int chain_kill_new(struct chain *c, uint64_t ns);

/* Reap whoever has ended; the number of processes that are left. */
unsigned chain_reap(void);

#endif
