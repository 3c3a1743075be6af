/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* flock */

#include "lock_file.h"

#include "split_common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int judge(struct lock_file *file, const struct cfk_lock_options *options,
                 struct cfk_error *err)
{
    struct cfk_lock_info info = { .size = sizeof info };
    int rc = cfk_lock_read(file->head, file->size, options, &file->lock, err);

    if (rc == CFK_OK)
        rc = cfk_lock_show(file->lock, &info, err);
    if (rc != CFK_OK)
        return split_blame(err, file->path);
    if (info.damaged)
        cli_warn("%s: one copy of its head is damaged, the other is used; any change "
                 "mends it",
                 file->path);
    if (info.interrupted)
        cli_warn("%s: its last change did not end: one copy of its head is older; any "
                 "change mends it",
                 file->path);
    return CFK_OK;
}

int lock_file_take(struct lock_file *file, const char *path, int fd, uint8_t *head,
                   size_t size, const struct cfk_lock_options *options,
                   struct cfk_error *err)
{
    *file = (struct lock_file){ path, fd, head, size, NULL };
    return judge(file, options, err);
}

/* Whether the path still leads to what is open: a rekey puts another file there. */
static bool is_in_place(const struct lock_file *file)
{
    struct stat there;
    struct stat ours;

    return stat(file->path, &there) == 0 && fstat(file->fd, &ours) == 0 &&
           there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

/* Of several changes at once, one would be lost. */
static int claim(const struct lock_file *file, struct cfk_error *err)
{
    int rc;

    do
        rc = flock(file->fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if ((rc != 0 && errno == EWOULDBLOCK) || !is_in_place(file))
        return split_fail(err, CFK_E_BUSY, file->path,
                          "another change of it is under way");
    return CFK_OK; /* also where the file system has no locks */
}

int lock_file_open(struct lock_file *file, const char *path, bool change,
                   const struct cfk_lock_options *options, struct cfk_error *err)
{
    int rc = CFK_OK;

    *file = (struct lock_file){ .path = path, .fd = -1 };
    if (change) {
        file->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
        rc = file->fd < 0 ? split_fail(err, CFK_E_IO, path, NULL) : claim(file, err);
    } else {
        rc = split_open_file(path, &file->fd, err);
    }
    if (rc != CFK_OK)
        return rc;
    file->head = malloc(CFK_LOCK_HEAD);
    if (file->head == NULL)
        return split_fail(err, CFK_E_NOMEM, path, "no memory");
    rc = split_read(file->fd, path, file->head, CFK_LOCK_HEAD, &file->size, err);
    return rc == CFK_OK ? judge(file, options, err) : rc;
}

const uint8_t *lock_file_rest(const struct lock_file *file, size_t *size)
{
    size_t head = file->size < CFK_LOCK_HEAD ? file->size : CFK_LOCK_HEAD;

    *size = file->size - head;
    return file->head + head;
}

static int write_piece(const struct lock_file *file, uint64_t offset, const void *data,
                       size_t size, struct cfk_error *err)
{
    const uint8_t *p = data;

    while (size > 0) {
        ssize_t done = pwrite(file->fd, p, size, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return split_fail(err, CFK_E_IO, file->path, NULL);
        p += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    if (fsync(file->fd) != 0)
        return split_fail(err, CFK_E_IO, file->path, NULL);
    return CFK_OK;
}

int lock_file_update(struct lock_file *file, struct cfk_error *err)
{
    uint64_t offset;
    const void *data;
    size_t size;
    int rc = CFK_OK;

    for (uint32_t i = 0;
         rc == CFK_OK && cfk_lock_piece(file->lock, i, &offset, &data, &size); i++)
        rc = write_piece(file, offset, data, size, err);
    return rc;
}

void lock_file_close(struct lock_file *file)
{
    cfk_lock_free(file->lock);
    free(file->head);
    split_close(file->fd);
    *file = (struct lock_file){ .fd = -1 };
}
