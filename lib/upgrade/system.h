/* SPDX-License-Identifier: MIT */
/*
 * What only the operating system can do: waiting, processes, sealed memory.
 * One file per system stands behind it (system_linux.c, spawn_linux.c). Where
 * nothing else is said a failure is -1 with errno.
 */
#ifndef CFK_UPGRADE_SYSTEM_H
#define CFK_UPGRADE_SYSTEM_H

#include "cfkit/base.h"

#include <stdbool.h>
#include <sys/types.h>

/* A set of descriptors that is a descriptor itself, readable when one of them is. */
int cfk__poll_new(void);
int cfk__poll_add(int poll, int fd, uint64_t token);

/* Remove fd from the set and close it; -1 is accepted. Sets it to -1. */
void cfk__poll_close(int poll, int *fd);

/* 1 and the token of one that is readable, 0 when none is, -1 on failure. */
int cfk__poll_next(int poll, uint64_t *token);

/* Whether fd is such a set; other is any descriptor that can be polled. */
bool cfk__is_poll(int fd, int other);

/* Block until one of two descriptors is readable, or a signal comes. */
int cfk__wait_for(int one, int other);

/* A timer, readable once it has run out; 0 ns disarms it. */
int cfk__timer_new(void);
int cfk__timer_arm(int timer, uint64_t ns);

/* What is left of it; 0 when it has run out or is not armed. */
uint64_t cfk__timer_left(int timer);

/* Monotonic time, which a service manager wants to be told. */
uint64_t cfk__monotonic_ns(void);

/* A descriptor that is readable while it is set. */
int cfk__wake_new(void);
void cfk__wake_set(int wake);
void cfk__wake_clear(int wake);

/*
 * A descriptor of a process, which never means another one; pid is used only
 * where the system cannot signal by it.
 */
int cfk__process_kill(int process, pid_t pid, int signal);
bool cfk__process_has_ended(int process);

/*
 * The same, and also true when it is about to end: its descriptors close, which
 * may be heard elsewhere, a moment before it has ended.
 */
bool cfk__process_is_ending(int process, pid_t pid);

/*
 * A descriptor of the process that made the channel whose one end this is. ESRCH
 * where that process has ended or let go of its end.
 */
int cfk__process_of_peer(int channel);

/* The parent of a process, or 0. */
pid_t cfk__process_parent(pid_t pid);

/* Wait for its end and collect it; how it ended as in struct cfk_upgrade_event. */
void cfk__process_reap(int process, int32_t *reason, int32_t *status);

/* A file in memory that nobody can change any more. */
int cfk__sealed_new(const void *data, size_t size);
bool cfk__is_sealed(int fd);

/* Make one of a file in memory: EBUSY while it is mapped for writing. */
int cfk__seal(int fd);

/* Set close-on-exec on first .. last. */
void cfk__close_on_exec(unsigned first, unsigned last);

/* A pair of connected, packet-preserving, non-blocking, close-on-exec sockets. */
int cfk__channel_new(int pair[2]);

/* Whether fd is a socket as cfk__channel_new() makes them. */
bool cfk__is_channel(int fd);

/* What to run, prepared so that between clone and exec nothing is allocated. */
struct cfk__spawn {
    const char *const *argv;
    char *const *env;
    char *paths; /* candidates for argv[0], each ended by NUL, an empty one last */
    char
        *pid_texts[2]; /* within env: room for the digits of the pid and a NUL; or NULL */
    int *fds;          /* become descriptors first .. first + count - 1; overwritten */
    int *holders;      /* as many zeros, for use here */
    unsigned first;
    unsigned count;
    int directory; /* in which it starts, or -1: the current one */
};

/*
 * Run it. CFK_OK once the program runs: *pid and *process are of it.
 * CFK_E_EXEC with sys_errno when it does not, CFK_E_IO when there is no
 * process to be had; then there is nothing to reap.
 */
int cfk__spawn(const struct cfk__spawn *s, pid_t *pid, int *process,
               struct cfk_error *err);

#endif
