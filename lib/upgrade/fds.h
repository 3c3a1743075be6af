/* SPDX-License-Identifier: MIT */
/* The descriptors of a handle, in order, and their description for a new process. */
#ifndef CFK_UPGRADE_FDS_H
#define CFK_UPGRADE_FDS_H

#include "base/bytes.h"
#include "cfkit/upgrade.h"

/* A UNIX socket's path is removed only while it is still this inode. */
struct cfk__path_id {
    uint64_t dev;
    uint64_t ino;
};

struct cfk__fd_entry {
    char *name;
    char *path; /* of a UNIX socket, absolute or as given; NULL where it has none */
    struct cfk__path_id id;
    int fd;
    uint32_t flags;      /* CFK_UPGRADE_INHERITED, ... */
    uint64_t last_child; /* of one that was removed: the latest process that has it */
};

/* Zero it, then set alloc and limit. Names and paths are owned, descriptors too. */
struct cfk__fds {
    const struct cfk_alloc *alloc;
    size_t limit;
    struct cfk__fd_entry *items;
    size_t count;
    size_t capacity;
    size_t cursor; /* nothing before it can be claimed: claims in order are O(1) */
};

/*
 * Append an entry; name and path (may be NULL) are copied, the descriptor is
 * taken over on success. CFK_OK, CFK_E_LIMIT or CFK_E_NOMEM.
 */
int cfk__fds_add(struct cfk__fds *fds, const char *name, size_t name_len,
                 const char *path, const struct cfk__path_id *id, int fd, uint32_t flags,
                 struct cfk_error *err);

/* The first entry that is inherited, has this name and is not claimed, or NULL. */
struct cfk__fd_entry *cfk__fds_find(struct cfk__fds *fds, const char *name);

/* The first entry that has this name, or NULL. */
struct cfk__fd_entry *cfk__fds_named(struct cfk__fds *fds, const char *name);

/* Append a copy of an entry, which owns what it owned; false: no memory. */
bool cfk__fds_move(struct cfk__fds *to, const struct cfk__fd_entry *entry);

/* Take an entry, which has been moved, out of its table. */
void cfk__fds_cut(struct cfk__fds *fds, const struct cfk__fd_entry *entry);

/* Release what an entry owns, its descriptor too; the entry stays in the table. */
void cfk__fds_release(struct cfk__fds *fds, struct cfk__fd_entry *entry);

/* Close and forget all; the struct may be used again. */
void cfk__fds_clear(struct cfk__fds *fds);

/* Names separated by ':' as in LISTEN_FDNAMES, appended to out. */
int cfk__fds_names(const struct cfk__fds *fds, struct cfk__buffer *out);

/* All that a new process cannot learn from the descriptors themselves. */
int cfk__fds_encode(const struct cfk__fds *fds, bool pass_paths, struct cfk__buffer *out);

/*
 * The reverse, into an empty table: entry i has descriptor first + i. Takes
 * over no descriptor when it fails. CFK_OK, CFK_E_PROTOCOL, CFK_E_LIMIT or
 * CFK_E_NOMEM.
 */
int cfk__fds_decode(struct cfk__fds *fds, const void *data, size_t size, int first,
                    uint32_t count, struct cfk_error *err);

#endif
