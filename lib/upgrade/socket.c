/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* SOCK_CLOEXEC, SO_DOMAIN */

#include "upgrade/socket.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_BACKLOG = 4096 }; /* the kernel lowers it to its own limit */

int cfk__fd_duplicate(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int fail_socket(const struct cfk__address *a, const char *what,
                       struct cfk_error *err)
{
    int code = errno == EADDRINUSE ? CFK_E_EXISTS : CFK_E_IO;

    return cfk__fail_errno(err, code, errno, "upgrade: %.100s: %s", a->text, what);
}

static int apply_options(int fd, const struct cfk__address *a,
                         const struct cfk__socket_options *o, struct cfk_error *err)
{
    for (int i = 0; i < CFK__OPT_INTS; i++) {
        int level;
        int name;

        if (o->ints[i] == -1)
            continue;
        cfk__int_option((enum cfk__int_option)i, &level, &name);
        if (setsockopt(fd, level, name, &o->ints[i], sizeof o->ints[i]) != 0)
            return fail_socket(a, "option refused", err);
    }
    if (o->congestion[0] != '\0' &&
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, o->congestion,
                   (socklen_t)strlen(o->congestion)) != 0)
        return fail_socket(a, "congestion control refused", err);
    return CFK_OK;
}

static int bind_inet(int fd, const struct cfk__address *a,
                     const struct cfk__socket_options *o, struct cfk_error *err)
{
    int on = 1;
    int off = 0;

    if (a->type == SOCK_STREAM &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return fail_socket(a, "SO_REUSEADDR", err);
    if (a->any && a->domain == AF_INET6 && o->ints[CFK__OPT_V6ONLY] == -1 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return fail_socket(a, "IPV6_V6ONLY", err);
    if (bind(fd, &a->to.base, a->size) != 0)
        return fail_socket(a, "bind", err);
    return CFK_OK;
}

/* A socket at path that nobody listens on. */
static bool is_stale(const char *path, const struct cfk__address *a)
{
    struct stat st;
    bool refused;
    int fd;

    if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, a->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    refused = connect(fd, &a->to.base, a->size) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int bind_path(int fd, const char *path, const struct cfk__address *a,
                     const struct cfk__socket_options *o, struct cfk__path_id *id,
                     struct cfk_error *err)
{
    struct stat st;

    /* The mode of the unbound socket bounds that of the path: never open for a moment. */
    if (o->has_mode && fchmod(fd, o->mode) != 0)
        return fail_socket(a, "bind", err);
    if (bind(fd, &a->to.base, a->size) != 0) {
        if (errno != EADDRINUSE)
            return fail_socket(a, "bind", err);
        if (!is_stale(path, a))
            return cfk__fail(err, CFK_E_EXISTS, "upgrade: %.100s: in use, or no socket",
                             a->text);
        if (unlink(path) != 0 || bind(fd, &a->to.base, a->size) != 0)
            return fail_socket(a, "bind", err);
    }
    if (lstat(path, &st) != 0)
        return fail_socket(a, "bind", err);
    *id = (struct cfk__path_id){ st.st_dev, st.st_ino };
    if ((o->has_owner && lchown(path, o->uid, o->gid) != 0) ||
        (o->has_mode && chmod(path, o->mode) != 0)) {
        int saved = errno;

        cfk__path_remove(path, id);
        errno = saved;
        return fail_socket(a, "bind", err);
    }
    return CFK_OK;
}

static int bind_unix(int fd, const struct cfk__address *a,
                     const struct cfk__socket_options *o, struct cfk__path_id *id,
                     struct cfk_error *err)
{
    const char *path = cfk__address_path(a);

    if (path != NULL)
        return bind_path(fd, path, a, o, id, err);
    if (bind(fd, &a->to.base, a->size) != 0)
        return fail_socket(a, "bind", err);
    return CFK_OK;
}

static int open_one(const struct cfk__address *a, const struct cfk__socket_options *o,
                    int *out, struct cfk__path_id *id, struct cfk_error *err)
{
    int made = socket(a->domain, a->type | SOCK_CLOEXEC, 0);
    int fd = made < 0 || made > 2 ? made : cfk__fd_duplicate(made);
    int rc;

    if (made >= 0 && made != fd) {
        int saved = errno;

        close(made);
        errno = saved;
    }
    if (fd < 0)
        return fail_socket(a, "cannot make one", err);
    rc = apply_options(fd, a, o, err);
    if (rc == CFK_OK)
        rc = a->domain == AF_UNIX ? bind_unix(fd, a, o, id, err)
                                  : bind_inet(fd, a, o, err);
    if (rc == CFK_OK && a->type != SOCK_DGRAM &&
        listen(fd, o->backlog == -1 ? DEFAULT_BACKLOG : o->backlog) != 0) {
        rc = fail_socket(a, "listen", err);
        if (cfk__address_path(a) != NULL)
            cfk__path_remove(cfk__address_path(a), id);
    }
    if (rc != CFK_OK) {
        close(fd);
        return rc;
    }
    *out = fd;
    return CFK_OK;
}

static bool has_ipv6(void)
{
    const struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool works = fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof any) == 0;

    if (fd >= 0)
        close(fd);
    return works;
}

int cfk__socket_open(const struct cfk__address *address,
                     const struct cfk__socket_options *options, int *fd,
                     struct cfk__path_id *id, struct cfk_error *err)
{
    struct cfk__address a = *address;

    if (a.any && !has_ipv6()) {
        struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(a.port) };

        a.domain = AF_INET;
        a.size = sizeof any;
        memcpy(&a.to, &any, sizeof any);
    }
    return open_one(&a, options, fd, id, err);
}

bool cfk__socket_has_type(int fd, int type)
{
    int own;
    socklen_t size = sizeof own;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &own, &size) == 0 && own == type;
}

void cfk__path_remove(const char *path, const struct cfk__path_id *id)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_dev == id->dev &&
        st.st_ino == id->ino)
        unlink(path);
}
