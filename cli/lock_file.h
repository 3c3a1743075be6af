/* SPDX-License-Identifier: MIT */
/* A lock file on disk: its head read, its head replaced in place. */
#ifndef LOCK_FILE_H
#define LOCK_FILE_H

#include "common/cli.h"

struct lock_file {
    const char *path;
    int fd;
    uint8_t *head; /* up to CFK_LOCK_HEAD bytes that it begins with; on the heap */
    size_t size;
    cfk_lock *lock;
};

/*
 * Read the head of path; with change set the file can be written, and no other
 * change is under way. Damage that does not matter is warned of.
 */
int lock_file_open(struct lock_file *file, const char *path, bool change,
                   const struct cfk_lock_options *options, struct cfk_error *err);

/* The same with a head that was read from fd already; takes both, also if it fails. */
int lock_file_take(struct lock_file *file, const char *path, int fd, uint8_t *head,
                   size_t size, const struct cfk_lock_options *options,
                   struct cfk_error *err);

/* What is behind the head of a lock for people, and was read already. */
const uint8_t *lock_file_rest(const struct lock_file *file, size_t *size);

/* Write the changed head over the old one: copy by copy, each synced. */
int lock_file_update(struct lock_file *file, struct cfk_error *err);

/* Right in every state of a zeroed one that has fd -1. */
void lock_file_close(struct lock_file *file);

#endif
