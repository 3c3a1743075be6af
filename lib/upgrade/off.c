/* SPDX-License-Identifier: MIT */
/* The component in builds without it. */
#include "base/error.h"
#include "cfkit/drain.h"
#include "cfkit/sd.h"
#include "cfkit/upgrade.h"

int cfk_upgrade_freeze(cfk_upgrade *u, int *fd, struct cfk_error *err)
{
    (void)u;
    (void)fd;
    return cfk__fail_absent(err, "upgrade");
}

void cfk_upgrade_unfreeze(cfk_upgrade *u, int fd)
{
    (void)u;
    (void)fd;
}

int cfk_upgrade_thaw(const struct cfk_upgrade_options *opts, int fd, cfk_upgrade **out,
                     struct cfk_error *err)
{
    (void)opts;
    (void)fd;
    *out = NULL;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_move(cfk_upgrade *u, size_t from, size_t to, struct cfk_error *err)
{
    (void)u;
    (void)from;
    (void)to;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_probe(int listener, int32_t pid, int *connection, struct cfk_error *err)
{
    (void)listener;
    (void)pid;
    (void)connection;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_new(const struct cfk_upgrade_options *opts, cfk_upgrade **out,
                    struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "upgrade");
}

void cfk_upgrade_free(cfk_upgrade *u)
{
    (void)u;
}

int cfk_upgrade_listen(cfk_upgrade *u, const char *name, const char *address,
                       const char *options, int *fd, struct cfk_error *err)
{
    (void)u;
    (void)name;
    (void)address;
    (void)options;
    (void)fd;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_add_fd(cfk_upgrade *u, const char *name, int fd, struct cfk_error *err)
{
    (void)u;
    (void)name;
    (void)fd;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_take_fd(cfk_upgrade *u, const char *name, int *fd, struct cfk_error *err)
{
    (void)u;
    (void)name;
    (void)fd;
    return cfk__fail_absent(err, "upgrade");
}

size_t cfk_upgrade_count(const cfk_upgrade *u)
{
    (void)u;
    return 0;
}

int cfk_upgrade_get(const cfk_upgrade *u, size_t index, struct cfk_upgrade_entry *out,
                    struct cfk_error *err)
{
    (void)u;
    (void)index;
    (void)out;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_ready(cfk_upgrade *u, struct cfk_error *err)
{
    (void)u;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_start(cfk_upgrade *u, const char *const *argv, const char *const *env,
                      struct cfk_error *err)
{
    (void)u;
    (void)argv;
    (void)env;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_process(cfk_upgrade *u, struct cfk_upgrade_event *event,
                        struct cfk_error *err)
{
    (void)u;
    (void)event;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_fd(const cfk_upgrade *u)
{
    (void)u;
    return -1;
}

int cfk_upgrade_has_parent(const cfk_upgrade *u)
{
    (void)u;
    return 0;
}

uint32_t cfk_upgrade_generation(const cfk_upgrade *u)
{
    (void)u;
    return 0;
}

int cfk_upgrade_owns_pid(const cfk_upgrade *u, int32_t pid)
{
    (void)u;
    (void)pid;
    return 0;
}

int cfk_upgrade_cancel(cfk_upgrade *u, struct cfk_error *err)
{
    (void)u;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_stop(cfk_upgrade *u, uint32_t flags, struct cfk_error *err)
{
    (void)u;
    (void)flags;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_notify(const char *socket, const char *state, struct cfk_error *err)
{
    (void)socket;
    (void)state;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_remove(cfk_upgrade *u, const char *name, uint32_t flags,
                       struct cfk_error *err)
{
    (void)u;
    (void)name;
    (void)flags;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_state_set(cfk_upgrade *u, uint32_t version, const void *data, size_t size,
                          struct cfk_error *err)
{
    (void)u;
    (void)version;
    (void)data;
    (void)size;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_state_set_fd(cfk_upgrade *u, uint32_t version, int fd,
                             struct cfk_error *err)
{
    (void)u;
    (void)version;
    (void)fd;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_state_get(cfk_upgrade *u, uint32_t *version, const void **data,
                          size_t *size, struct cfk_error *err)
{
    (void)u;
    (void)version;
    (void)data;
    (void)size;
    return cfk__fail_absent(err, "upgrade");
}

void cfk_upgrade_state_drop(cfk_upgrade *u)
{
    (void)u;
}

int cfk_upgrade_reject(cfk_upgrade *u, int32_t code, struct cfk_error *err)
{
    (void)u;
    (void)code;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_wait(cfk_upgrade *u, uint64_t timeout_ns, struct cfk_upgrade_event *event,
                     struct cfk_error *err)
{
    (void)u;
    (void)timeout_ns;
    *event = (struct cfk_upgrade_event){ .type = CFK_UPGRADE_EVENT_NONE };
    return cfk__fail_absent(err, "upgrade");
}

int cfk_upgrade_confirm(cfk_upgrade *u, struct cfk_error *err)
{
    (void)u;
    return cfk__fail_absent(err, "upgrade");
}

const char *cfk_upgrade_notification(const cfk_upgrade *u)
{
    (void)u;
    return "";
}

void cfk_upgrade_get_status(const cfk_upgrade *u, struct cfk_upgrade_status *out)
{
    (void)u;
    *out = (struct cfk_upgrade_status){ .state = 0 };
}

int cfk_upgrade_get_child(const cfk_upgrade *u, size_t index,
                          struct cfk_upgrade_child *out, struct cfk_error *err)
{
    (void)u;
    (void)index;
    (void)out;
    return cfk__fail_absent(err, "upgrade");
}

int cfk_drain_new(const struct cfk_drain_options *opts, cfk_drain **out,
                  struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "drain");
}

void cfk_drain_free(cfk_drain *d)
{
    (void)d;
}

void cfk_drain_enter(cfk_drain *d)
{
    (void)d;
}

void cfk_drain_leave(cfk_drain *d)
{
    (void)d;
}

uint64_t cfk_drain_count(const cfk_drain *d)
{
    (void)d;
    return 0;
}

int cfk_drain_begin(cfk_drain *d, uint64_t now_ns, struct cfk_error *err)
{
    (void)d;
    (void)now_ns;
    return cfk__fail_absent(err, "drain");
}

void cfk_drain_resume(cfk_drain *d)
{
    (void)d;
}

int cfk_drain_should_close(const cfk_drain *d)
{
    (void)d;
    return 0;
}

int cfk_drain_state(const cfk_drain *d, uint64_t now_ns)
{
    (void)d;
    (void)now_ns;
    return 0;
}

uint64_t cfk_drain_timeout_ns(const cfk_drain *d, uint64_t now_ns)
{
    (void)d;
    (void)now_ns;
    return 0;
}

int cfk_drain_fd(const cfk_drain *d)
{
    (void)d;
    return 0;
}

int cfk_sd_listen_fds(const struct cfk_alloc *alloc, uint32_t flags, const char ***names,
                      size_t *count, struct cfk_error *err)
{
    (void)alloc;
    (void)flags;
    (void)names;
    (void)count;
    return cfk__fail_absent(err, "sd");
}

int cfk_sd_notify(const char *socket, const char *state, const int *fds, size_t fd_count,
                  struct cfk_error *err)
{
    (void)socket;
    (void)state;
    (void)fds;
    (void)fd_count;
    return cfk__fail_absent(err, "sd");
}

int cfk_sd_reloading(const char *socket, uint64_t now_ns, struct cfk_error *err)
{
    (void)socket;
    (void)now_ns;
    return cfk__fail_absent(err, "sd");
}

int cfk_sd_store(const char *socket, const char *name, const int *fds, size_t fd_count,
                 uint32_t flags, struct cfk_error *err)
{
    (void)socket;
    (void)name;
    (void)fds;
    (void)fd_count;
    (void)flags;
    return cfk__fail_absent(err, "sd");
}

int cfk_sd_unstore(const char *socket, const char *name, struct cfk_error *err)
{
    (void)socket;
    (void)name;
    return cfk__fail_absent(err, "sd");
}

int cfk_sd_watchdog(uint64_t *interval_ns, struct cfk_error *err)
{
    (void)interval_ns;
    return cfk__fail_absent(err, "sd");
}

int cfk_upgrade_tell(cfk_upgrade *u, const char *state, struct cfk_error *err)
{
    (void)u;
    (void)state;
    return cfk__fail_absent(err, "upgrade");
}
