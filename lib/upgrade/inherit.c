/* SPDX-License-Identifier: MIT */
#include "upgrade/inherit.h"

#include "base/alloc.h"
#include "base/error.h"
#include "upgrade/channel.h"
#include "upgrade/notify.h"
#include "upgrade/system.h"
#include "upgrade/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* What describes a descriptor is far below 1 KiB. */
    MOST_DESCRIPTION_PER_FD = 1024,
};

/* The last two are a service manager's: a new process is not what it watches. */
const char *const cfk__handover_variables[] = {
    "CFK_UPGRADE",    "LISTEN_FDS",    "LISTEN_PID",
    "LISTEN_FDNAMES", "NOTIFY_SOCKET", "READY_FD",
    "WATCHDOG_PID",   "WATCHDOG_USEC", NULL,
};

void cfk__inherit_clean(void)
{
    for (size_t i = 0; strncmp(cfk__handover_variables[i], "WATCHDOG", 8) != 0; i++)
        unsetenv(cfk__handover_variables[i]);
}

int cfk__listen_fds_parse(const char *pid_text, const char *count_text, pid_t self,
                          size_t limit, size_t *count, struct cfk_error *err)
{
    uint64_t pid;
    uint64_t n;

    *count = 0;
    if (pid_text == NULL || count_text == NULL ||
        !cfk__text_number(pid_text, strlen(pid_text), 10, INT32_MAX, &pid) ||
        (pid_t)pid != self)
        return CFK_OK;
    if (!cfk__text_number(count_text, strlen(count_text), 10, INT32_MAX, &n))
        return cfk__fail(err, CFK_E_CORRUPT, "upgrade: LISTEN_FDS is '%.40s', no number",
                         count_text);
    if (n > limit)
        return cfk__fail(err, CFK_E_LIMIT, "upgrade: LISTEN_FDS is over %zu", limit);
    *count = (size_t)n;
    return CFK_OK;
}

int cfk__listen_names_parse(const char *names, size_t count, int first,
                            struct cfk__fds *fds, struct cfk_error *err)
{
    const char *next = names;

    for (size_t i = 0; i < count; i++) {
        const char *name = next == NULL ? "unknown" : next;
        size_t len = strcspn(name, ":");
        bool last = name[len] == '\0';
        int rc;

        if (next != NULL && (last != (i + 1 == count) || !cfk__text_is_name(name, len)))
            return cfk__fail(err, CFK_E_CORRUPT,
                             "upgrade: LISTEN_FDNAMES does not hold %zu good names",
                             count);
        rc = cfk__fds_add(fds, name, len, NULL, NULL, first + (int)i,
                          CFK_UPGRADE_INHERITED, err);
        if (rc != CFK_OK)
            return rc;
        if (next != NULL)
            next += len + 1;
    }
    return CFK_OK;
}

void cfk__inherit_disown(struct cfk__fds *fds)
{
    for (size_t i = 0; i < fds->count; i++)
        fds->items[i].fd = -1;
    cfk__fds_clear(fds);
}

static int check_open(const struct cfk__fds *fds, int code, struct cfk_error *err)
{
    for (size_t i = 0; i < fds->count; i++)
        if (fcntl(fds->items[i].fd, F_GETFD) < 0)
            return cfk__fail(err, code,
                             "upgrade: descriptor %d (%.60s) was passed but is not open",
                             fds->items[i].fd, fds->items[i].name);
    if (fds->count > 0)
        cfk__close_on_exec(CFK__FIRST_FD, (unsigned)(CFK__FIRST_FD + fds->count - 1));
    return CFK_OK;
}

int cfk__inherit_listen_fds(struct cfk__fds *fds, struct cfk_error *err)
{
    size_t count;
    int rc = cfk__listen_fds_parse(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getpid(),
                                   fds->limit, &count, err);

    if (rc == CFK_OK)
        rc = cfk__listen_names_parse(getenv("LISTEN_FDNAMES"), count, CFK__FIRST_FD, fds,
                                     err);
    if (rc == CFK_OK)
        rc = check_open(fds, CFK_E_CORRUPT, err);
    if (rc != CFK_OK)
        cfk__inherit_disown(fds);
    return rc;
}

/* The HELLO that waits in a channel, left there: is this ours, and which version? */
static bool peek_hello(const struct cfk__handover *handover, struct cfk__message *hello)
{
    return cfk__is_channel(handover->fd) &&
           cfk__peek(handover->fd, hello) == CFK__HEARD_MESSAGE &&
           hello->type == CFK__MESSAGE_HELLO &&
           memcmp(hello->cookie, handover->cookie, sizeof hello->cookie) == 0;
}

/* The whole of a sealed file in a fresh buffer. */
static int read_sealed(int fd, size_t limit, struct cfk__buffer *out,
                       struct cfk_error *err)
{
    struct stat st;
    int rc;

    if (!cfk__is_sealed(fd) || fstat(fd, &st) != 0 || (uint64_t)st.st_size > limit)
        return cfk__fail(err, CFK_E_PROTOCOL,
                         "upgrade: the description of the descriptors is not sealed, or "
                         "too long");
    rc = cfk__buffer_reserve(out, (size_t)st.st_size);
    if (rc != CFK_OK)
        return cfk__fail(err, rc, "upgrade: no memory for a description of %zu bytes",
                         (size_t)st.st_size);
    while (out->size < (size_t)st.st_size) {
        ssize_t got = pread(fd, out->data + out->size, (size_t)st.st_size - out->size,
                            (off_t)out->size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return cfk__fail_errno(err, CFK_E_IO, errno,
                                   "upgrade: cannot read the description");
        out->size += (size_t)got;
    }
    return CFK_OK;
}

/* What is too long to be an address is nobody's. */
static int copy_notify(const struct cfk__fds *fds, const char *variable,
                       struct cfk__inheritance *out, struct cfk_error *err)
{
    const char *address = getenv(variable);
    size_t size;

    if (address == NULL || strlen(address) >= CFK__NOTIFY_ADDRESS_MAX)
        return CFK_OK;
    size = strlen(address) + 1;
    out->notify = cfk__malloc(fds->alloc, size);
    if (out->notify == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory for %s", variable);
    memcpy(out->notify, address, size);
    return CFK_OK;
}

/* READY_FD, where it is the descriptor that stands behind the channel. */
static int find_ready_fd(int channel)
{
    const char *text = getenv("READY_FD");
    uint64_t fd;

    if (text == NULL || !cfk__text_number(text, strlen(text), 10, INT32_MAX, &fd) ||
        fd != (uint64_t)channel + 1 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return (int)fd;
}

static int adopt_description(struct cfk__fds *fds, const struct cfk__message *hello,
                             int sealed, struct cfk_error *err)
{
    struct cfk__buffer text = { .alloc = fds->alloc };
    int rc;

    if (hello->count > fds->limit)
        rc = cfk__fail(err, CFK_E_LIMIT, "upgrade: more than %zu descriptors handed over",
                       fds->limit);
    else if (sealed < 0 || hello->first != CFK__FIRST_FD)
        rc = cfk__fail(err, CFK_E_PROTOCOL, "upgrade: hand-over without a description");
    else
        rc = read_sealed(sealed, (hello->count + 1) * (size_t)MOST_DESCRIPTION_PER_FD,
                         &text, err);
    if (rc == CFK_OK)
        rc = cfk__fds_decode(fds, text.data, text.size, CFK__FIRST_FD, hello->count, err);
    if (rc == CFK_OK)
        rc = check_open(fds, CFK_E_PROTOCOL, err);
    cfk__buffer_free(&text);
    return rc;
}

static void close_received(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* What came with HELLO: the description, a state, former processes. */
static int adopt_received(struct cfk__fds *fds, const struct cfk__message *hello,
                          const int received[CFK__CHANNEL_FDS],
                          struct cfk__inheritance *out, struct cfk_error *err)
{
    bool with_state = (hello->flags & CFK__WITH_STATE) != 0;
    int used = with_state ? 2 : 1;
    int rc = adopt_description(fds, hello, received[0], err);

    if (rc == CFK_OK && with_state && !cfk__is_sealed(received[1]))
        rc = cfk__fail(err, CFK_E_PROTOCOL, "upgrade: a state that is not sealed");
    if (rc == CFK_OK)
        rc = copy_notify(fds, "CFK_NOTIFY", out, err);
    if (rc != CFK_OK)
        return rc;
    if (with_state)
        out->state = received[1];
    if ((hello->flags & CFK__WITH_FORMER) != 0)
        cfk__former_adopt(&out->former, received + used, CFK__FORMER_MAX);
    close_received(received, 1);
    close_received(received + used + out->former.count,
                   CFK__CHANNEL_FDS - used - out->former.count);
    return CFK_OK;
}

static int adopt_handover(struct cfk__fds *fds, const struct cfk__handover *handover,
                          struct cfk__inheritance *out, struct cfk_error *err)
{
    int received[CFK__CHANNEL_FDS];
    struct cfk__message hello;
    int rc;

    if (cfk__hear(handover->fd, &hello, received) != CFK__HEARD_MESSAGE)
        return cfk__fail(err, CFK_E_PROTOCOL, "upgrade: the hand-over has vanished");
    rc = adopt_received(fds, &hello, received, out, err);
    if (rc != CFK_OK) {
        close_received(received, CFK__CHANNEL_FDS);
        cfk__inherit_disown(fds);
        return rc;
    }
    cfk__close_on_exec((unsigned)handover->fd, (unsigned)handover->fd);
    out->channel = handover->fd;
    out->ready_fd = find_ready_fd(handover->fd);
    out->generation = hello.generation;
    out->from_holder = (hello.flags & CFK__HELLO_HOLDER) != 0;
    out->state_version = hello.version;
    return CFK_OK;
}

int cfk__inherit(struct cfk__fds *fds, struct cfk__inheritance *out,
                 struct cfk_error *err)
{
    const char *text = getenv("CFK_UPGRADE");
    struct cfk__handover handover;
    struct cfk__message hello;
    int rc;

    *out = (struct cfk__inheritance){
        .channel = -1, .generation = 1, .state = -1, .ready_fd = -1
    };
    /* What is not ours, or of another version, is passed over: LISTEN_FDS remains. */
    if (text != NULL && cfk__handover_parse(text, &handover) &&
        peek_hello(&handover, &hello))
        return adopt_handover(fds, &handover, out, err);
    rc = cfk__inherit_listen_fds(fds, err);
    if (rc == CFK_OK)
        rc = copy_notify(fds, "NOTIFY_SOCKET", out, err);
    if (rc != CFK_OK)
        cfk__inherit_disown(fds);
    return rc;
}
