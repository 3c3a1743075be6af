/* SPDX-License-Identifier: MIT */
/* State that one process hands to the next: a file in memory that is sealed. */
#include "base/error.h"
#include "upgrade/channel.h"
#include "upgrade/handle.h"
#include "upgrade/socket.h"
#include "upgrade/system.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void cfk__state_drop(struct cfk__state_file *file)
{
    if (file->data != NULL)
        munmap(file->data, file->size);
    if (file->fd >= 0)
        close(file->fd);
    *file = (struct cfk__state_file){ .fd = -1 };
}

bool cfk__state_adopt(struct cfk__state_file *file, int fd, uint32_t version)
{
    struct stat st;

    if (fd < 0 || !cfk__is_sealed(fd) || fstat(fd, &st) != 0)
        return false;
    cfk__state_drop(file);
    *file = (struct cfk__state_file){ .fd = fd,
                                      .version = version,
                                      .size = (size_t)st.st_size };
    return true;
}

/* Take over a sealed file as that which the next process gets. */
static int set_mine(cfk_upgrade *u, uint32_t version, int sealed, struct cfk_error *err)
{
    if (!cfk__state_adopt(&u->mine, sealed, version)) {
        close(sealed);
        return cfk__fail(err, CFK_E_IO, "upgrade: the state is not sealed");
    }
    u->mine_is_new = true;
    return CFK_OK;
}

int cfk_upgrade_state_set(cfk_upgrade *u, uint32_t version, const void *data, size_t size,
                          struct cfk_error *err)
{
    int rc = cfk__check_open(u, err);
    int sealed;

    if (rc != CFK_OK)
        return rc;
    sealed = cfk__sealed_new(data, size);
    if (sealed < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: a state of %zu bytes",
                               size);
    return set_mine(u, version, sealed, err);
}

int cfk_upgrade_state_set_fd(cfk_upgrade *u, uint32_t version, int fd,
                             struct cfk_error *err)
{
    int rc = cfk__check_open(u, err);
    int copy;

    if (rc != CFK_OK)
        return rc;
    if (cfk__seal(fd) != 0)
        return cfk__fail_errno(err, errno == EBUSY ? CFK_E_BUSY : CFK_E_INVALID, errno,
                               "upgrade: descriptor %d is no file in memory that can be "
                               "sealed, or is mapped for writing",
                               fd);
    copy = cfk__fd_duplicate(fd);
    if (copy < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot duplicate %d", fd);
    return set_mine(u, version, copy, err);
}

int cfk_upgrade_state_get(cfk_upgrade *u, uint32_t *version, const void **data,
                          size_t *size, struct cfk_error *err)
{
    struct cfk__state_file *given = &u->given;

    if (given->fd < 0)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: no state was handed over");
    if (given->data == NULL && given->size > 0) {
        void *data_at = mmap(NULL, given->size, PROT_READ, MAP_SHARED, given->fd, 0);

        if (data_at == MAP_FAILED)
            return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: a state of %zu bytes",
                                   given->size);
        given->data = data_at;
    }
    *version = given->version;
    *data = given->data;
    *size = given->size;
    return CFK_OK;
}

void cfk_upgrade_state_drop(cfk_upgrade *u)
{
    cfk__state_drop(&u->given);
}

int cfk_upgrade_reject(cfk_upgrade *u, int32_t code, struct cfk_error *err)
{
    const struct cfk__message message = { .type = CFK__MESSAGE_REJECT,
                                          .code = (uint32_t)code };

    if (u->parent < 0 || u->own_paths || u->owner != getpid())
        return cfk__fail(err, CFK_E_STATE,
                         "upgrade: no process is there to go on in place of this one");
    if (cfk__say_with(u->parent, &message, NULL, 0) != 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: reject");
    return CFK_OK;
}
