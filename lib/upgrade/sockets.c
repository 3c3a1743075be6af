/* SPDX-License-Identifier: MIT */
/* The descriptors of a handle, as programs ask for them. */
#include "base/error.h"
#include "upgrade/handle.h"
#include "upgrade/socket.h"
#include "upgrade/system.h"
#include "upgrade/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int check_name(const char *name, struct cfk_error *err)
{
    if (name == NULL || !cfk__text_is_name(name, strlen(name)))
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: '%.60s' is no name: 1 to 255 bytes without ':' and "
                         "control characters",
                         name == NULL ? "" : name);
    return CFK_OK;
}

/* A duplicate for the caller, who may want none. */
static int give(const cfk_upgrade *u, int fd, bool listening, int *out,
                struct cfk_error *err)
{
    int flags;
    int copy;

    if (out == NULL)
        return CFK_OK;
    copy = cfk__fd_duplicate(fd);
    if (copy < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot duplicate %d", fd);
    if (listening && !cfk__is_holder(u)) {
        flags = fcntl(copy, F_GETFL);
        fcntl(copy, F_SETFL, flags | O_NONBLOCK);
    }
    *out = copy;
    return CFK_OK;
}

static int listen_new(cfk_upgrade *u, const char *name,
                      const struct cfk__address *address,
                      const struct cfk__socket_options *options, int *fd,
                      struct cfk_error *err)
{
    const char *path = cfk__address_path(address);
    uint32_t flags = CFK_UPGRADE_CLAIMED;
    struct cfk__path_id id = { 0, 0 };
    int copy = -1;
    int own;
    int rc = cfk__socket_open(address, options, &own, &id, err);

    if (rc != CFK_OK)
        return rc;
    if (path != NULL)
        flags |= CFK_UPGRADE_OWNS_PATH;
    rc = give(u, own, true, fd == NULL ? NULL : &copy, err);
    if (rc == CFK_OK)
        rc = cfk__fds_add(&u->fds, name, strlen(name), path, &id, own, flags, err);
    if (rc != CFK_OK) {
        if (path != NULL)
            cfk__path_remove(path, &id);
        if (copy >= 0)
            close(copy);
        close(own);
        return rc;
    }
    if (fd != NULL)
        *fd = copy;
    return CFK_OK;
}

/* What was removed under this name and is not closed yet is passed on again. */
static struct cfk__fd_entry *bring_back(cfk_upgrade *u, const char *name)
{
    struct cfk__fd_entry *entry = cfk__fds_named(&u->leaving, name);

    if (entry == NULL || entry->fd < 0 || !cfk__fds_move(&u->fds, entry))
        return NULL;
    cfk__fds_cut(&u->leaving, entry);
    return &u->fds.items[u->fds.count - 1];
}

int cfk_upgrade_listen(cfk_upgrade *u, const char *name, const char *address,
                       const char *options, int *fd, struct cfk_error *err)
{
    char derived[CFK__NAME_MAX + 1];
    struct cfk__socket_options o;
    struct cfk__fd_entry *entry;
    struct cfk__address a;
    int rc = cfk__check_open(u, err);

    if (rc == CFK_OK)
        rc = cfk__address_parse(address, &a, err);
    if (rc == CFK_OK)
        rc = cfk__socket_options_parse(options, &a, &o, err);
    if (rc == CFK_OK && name == NULL) {
        cfk__address_name(address, derived, sizeof derived);
        name = derived;
    }
    if (rc == CFK_OK)
        rc = check_name(name, err);
    if (rc != CFK_OK)
        return rc;
    entry = cfk__fds_find(&u->fds, name);
    if (entry == NULL)
        entry = bring_back(u, name);
    if (entry == NULL)
        return listen_new(u, name, &a, &o, fd, err);
    if (!cfk__socket_has_type(entry->fd, a.type))
        return cfk__fail(
            err, CFK_E_INVALID,
            "upgrade: what was inherited as %.60s is no socket of the type of "
            "%.100s",
            name, address);
    rc = give(u, entry->fd, true, fd, err);
    if (rc == CFK_OK)
        entry->flags |= CFK_UPGRADE_CLAIMED;
    return rc;
}

int cfk_upgrade_add_fd(cfk_upgrade *u, const char *name, int fd, struct cfk_error *err)
{
    int copy;
    int rc = cfk__check_open(u, err);

    if (rc == CFK_OK)
        rc = check_name(name, err);
    if (rc != CFK_OK)
        return rc;
    /* An epoll set would carry this process's descriptors with it. */
    if (cfk__is_poll(fd, u->wake))
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: %s: an epoll set cannot be handed on", name);
    copy = cfk__fd_duplicate(fd);
    if (copy < 0)
        return cfk__fail_errno(err, errno == EBADF ? CFK_E_INVALID : CFK_E_IO, errno,
                               "upgrade: %.60s: cannot duplicate %d", name, fd);
    rc = cfk__fds_add(&u->fds, name, strlen(name), NULL, NULL, copy, CFK_UPGRADE_CLAIMED,
                      err);
    if (rc != CFK_OK)
        close(copy);
    return rc;
}

int cfk_upgrade_take_fd(cfk_upgrade *u, const char *name, int *fd, struct cfk_error *err)
{
    struct cfk__fd_entry *entry;
    int rc = cfk__check_open(u, err);

    if (rc != CFK_OK)
        return rc;
    entry = cfk__fds_find(&u->fds, name);
    if (entry == NULL)
        return cfk__fail(err, CFK_E_NOTFOUND,
                         "upgrade: nothing named %.60s was inherited, or it is taken",
                         name);
    rc = give(u, entry->fd, false, fd, err);
    if (rc == CFK_OK)
        entry->flags |= CFK_UPGRADE_CLAIMED;
    return rc;
}

int cfk_upgrade_remove(cfk_upgrade *u, const char *name, uint32_t flags,
                       struct cfk_error *err)
{
    struct cfk__fd_entry *entry;
    int rc = cfk__check_open(u, err);

    if (rc == CFK_OK)
        rc = check_name(name, err);
    if (rc != CFK_OK)
        return rc;
    if ((flags & ~(uint32_t)CFK_UPGRADE_AT_ONCE) != 0)
        return cfk__fail(err, CFK_E_INVALID, "upgrade: remove with unknown flags");
    entry = cfk__fds_named(&u->fds, name);
    if (entry == NULL)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: no descriptor is named %.60s",
                         name);
    entry->last_child = u->child_number;
    if (!cfk__fds_move(&u->leaving, entry))
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory to remove %.60s", name);
    cfk__fds_cut(&u->fds, entry);
    if ((flags & CFK_UPGRADE_AT_ONCE) != 0)
        cfk__close_leaving(u, UINT64_MAX);
    return CFK_OK;
}

size_t cfk_upgrade_count(const cfk_upgrade *u)
{
    return u->fds.count;
}

int cfk_upgrade_get(const cfk_upgrade *u, size_t index, struct cfk_upgrade_entry *out,
                    struct cfk_error *err)
{
    if (index >= u->fds.count)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: %zu descriptors, no number %zu",
                         u->fds.count, index);
    *out = (struct cfk_upgrade_entry){
        .name = u->fds.items[index].name,
        .fd = u->fds.items[index].fd,
        .flags = u->fds.items[index].flags,
    };
    return CFK_OK;
}
