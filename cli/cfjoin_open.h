/* SPDX-License-Identifier: MIT */
/* cfjoin: what was asked for, and the secret on its way to where it shall go. */
#ifndef CFJOIN_OPEN_H
#define CFJOIN_OPEN_H

#include "lock_file.h"
#include "split_audit.h"
#include "split_common.h"
#include "split_people.h"

enum { JOIN_FAULTS = 16, JOIN_KEPT = 2 * CFK_SPLIT_MAX_SHARES };

struct join_job {
    const char *output;   /* NULL: standard output, or the command */
    char *const *command; /* of --exec, or NULL */
    unsigned flags;
    bool raw;
    bool has_passphrase;
    struct cli_passphrase_source source;
    struct split_givers givers;
    struct cfk_lock_options options;
    struct split_audit audit;
    cfk_split_quorum *quorum;
    bool has_share;        /* in the quorum */
    cfk_words_join *words; /* the shares are in words; else NULL */
    struct lock_file lock;
    bool has_lock;
    struct cfk_error faults[JOIN_FAULTS]; /* shares that are wrong, the first of them */
    const char *kept[JOIN_KEPT];          /* paths of the shares that the quorum keeps */
    uint32_t fault_count;
    uint64_t size; /* bytes of the secret */
};

/* Open what the paths are: shares, a lock file, or both. */
int join_sealed(struct join_job *job, char *const *paths, int count,
                struct cfk_error *err);

/* The same for shares that are plain Shamir bytes. */
int join_raw(struct join_job *job, char *const *paths, int count, struct cfk_error *err);

/* Give the whole secret to the output or the command. */
int join_deliver(struct join_job *job, const void *data, size_t size,
                 struct cfk_error *err);

/*
 * Feed data to the standard input of a command, and wait for its end. CFK_OK where it
 * ended with status 0, CFK_E_EXITED, CFK_E_KILLED, CFK_E_EXEC, CFK_E_IO.
 */
int join_feed(char *const *command, const void *data, size_t size, struct cfk_error *err);

#endif
