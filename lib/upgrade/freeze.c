/* SPDX-License-Identifier: MIT */
/*
 * A holder that replaces its own program: what the handle knows goes into a
 * file in memory, the descriptors that it names stay open over execve(), and
 * the new program makes a handle of it. The processes that it started remain
 * its children, their pidfds and timers go on. The format is for one exec, not
 * for keeping: all is little-endian,
 *
 *     "CFKF"  version u16  state u8  flags u8
 *     generation u32  child_number u64  started, succeeded, failed, forced u64
 *     parent i32  mine.fd i32  mine.version u32  directory i32
 *     notify: length u16 (0xffff: none), bytes
 *     descriptors u32, each: fd i32  flags u32  name, path: length u16, bytes  dev, ino
 * u64 processes u32, each: number u64  state, generation u32  reason, code i32 flags u16
 * pid, process, timer, channel, notify, ready_fd i32
 */
#include "base/alloc.h"
#include "base/error.h"
#include "upgrade/handle.h"
#include "upgrade/system.h"
#include "upgrade/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FORMAT_VERSION = 1,
    NO_TEXT = 0xffff,
    MOST_TEXT = 4096, /* of a notify address or a path */
    MOST_SIZE = 64 * 1024 * 1024,
    RECORD_SIZE = 128,
    MOST_CHILDREN = 65536,
    OWN_PATHS = 1,
    DRAINED = 2,
    MINE_IS_NEW = 4,
};

static const uint8_t MAGIC[4] = { 'C', 'F', 'K', 'F' };

static int append_text(struct cfk__buffer *out, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    uint8_t bytes[2];
    struct cfk__writer w;
    int rc;

    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write_u16le(&w, (uint16_t)(text == NULL ? NO_TEXT : len));
    rc = cfk__buffer_append(out, bytes, sizeof bytes);
    return rc != CFK_OK || len == 0 ? rc : cfk__buffer_append(out, text, len);
}

static int append_header(const cfk_upgrade *u, struct cfk__buffer *out)
{
    uint8_t bytes[RECORD_SIZE];
    struct cfk__writer w;
    int rc;

    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write(&w, MAGIC, sizeof MAGIC);
    cfk__write_u16le(&w, FORMAT_VERSION);
    cfk__write_u8(&w, (uint8_t)u->state);
    cfk__write_u8(&w,
                  (uint8_t)((u->own_paths ? OWN_PATHS : 0) | (u->drained ? DRAINED : 0) |
                            (u->mine_is_new ? MINE_IS_NEW : 0)));
    cfk__write_u32le(&w, u->generation);
    cfk__write_u64le(&w, u->child_number);
    cfk__write_u64le(&w, u->started);
    cfk__write_u64le(&w, u->succeeded);
    cfk__write_u64le(&w, u->failed);
    cfk__write_u64le(&w, u->forced);
    cfk__write_u32le(&w, (uint32_t)u->parent);
    cfk__write_u32le(&w, (uint32_t)u->mine.fd);
    cfk__write_u32le(&w, u->mine.version);
    cfk__write_u32le(&w, (uint32_t)u->directory);
    rc = cfk__buffer_append(out, bytes, cfk__writer_size(&w));
    return rc != CFK_OK ? rc : append_text(out, u->notify);
}

static int append_count(struct cfk__buffer *out, size_t count)
{
    uint8_t bytes[4];
    struct cfk__writer w;

    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write_u32le(&w, (uint32_t)count);
    return cfk__buffer_append(out, bytes, sizeof bytes);
}

static int append_entry(const struct cfk__fd_entry *entry, struct cfk__buffer *out)
{
    uint8_t bytes[16];
    struct cfk__writer w;
    int rc;

    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write_u32le(&w, (uint32_t)entry->fd);
    cfk__write_u32le(&w, entry->flags);
    rc = cfk__buffer_append(out, bytes, cfk__writer_size(&w));
    if (rc == CFK_OK)
        rc = append_text(out, entry->name);
    if (rc == CFK_OK)
        rc = append_text(out, entry->path);
    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write_u64le(&w, entry->id.dev);
    cfk__write_u64le(&w, entry->id.ino);
    return rc != CFK_OK ? rc : cfk__buffer_append(out, bytes, cfk__writer_size(&w));
}

/* The flags of a process, in the order of their bits. */
static void child_flags(struct cfk__child *child, bool *flags[7])
{
    bool *all[7] = { &child->says_ready, &child->closed,    &child->speaks,
                     &child->prepared,   &child->confirmed, &child->was_serving,
                     &child->forced };

    memcpy(flags, all, sizeof all);
}

/* Its descriptors, in their order. */
static void child_fds(struct cfk__child *child, int *fds[5])
{
    int *all[5] = { &child->process, &child->timer, &child->channel, &child->notify,
                    &child->ready_fd };

    memcpy(fds, all, sizeof all);
}

static int append_child(struct cfk__child *child, struct cfk__buffer *out)
{
    uint8_t bytes[RECORD_SIZE];
    struct cfk__writer w;
    uint16_t bits = 0;
    bool *flags[7];
    int *fds[5];

    child_flags(child, flags);
    child_fds(child, fds);
    for (unsigned i = 0; i < 7; i++)
        bits |= (uint16_t)(*flags[i] << i);
    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write_u64le(&w, child->number);
    cfk__write_u32le(&w, child->state);
    cfk__write_u32le(&w, child->generation);
    cfk__write_u32le(&w, (uint32_t)child->reason);
    cfk__write_u32le(&w, (uint32_t)child->code);
    cfk__write_u16le(&w, bits);
    cfk__write_u32le(&w, (uint32_t)child->pid);
    for (unsigned i = 0; i < 5; i++)
        cfk__write_u32le(&w, (uint32_t)*fds[i]);
    return cfk__buffer_append(out, bytes, cfk__writer_size(&w));
}

static int encode(const cfk_upgrade *u, struct cfk__buffer *out)
{
    size_t children = 0;
    int rc = append_header(u, out);

    if (rc == CFK_OK)
        rc = append_count(out, u->fds.count);
    for (size_t i = 0; rc == CFK_OK && i < u->fds.count; i++)
        rc = append_entry(&u->fds.items[i], out);
    for (struct cfk__child *c = u->children; c != NULL; c = c->next)
        children++;
    if (rc == CFK_OK)
        rc = append_count(out, children);
    for (struct cfk__child *c = u->children; rc == CFK_OK && c != NULL; c = c->next)
        rc = append_child(c, out);
    return rc;
}

static void set_one(int fd, int flag)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, flag);
}

/* Close-on-exec, or not, for all that the file names. */
static void set_close_on_exec(cfk_upgrade *u, int flag)
{
    int *fds[5];

    for (size_t i = 0; i < u->fds.count; i++)
        set_one(u->fds.items[i].fd, flag);
    for (struct cfk__child *c = u->children; c != NULL; c = c->next) {
        child_fds(c, fds);
        for (unsigned i = 0; i < 5; i++)
            set_one(*fds[i], flag);
    }
    set_one(u->parent, flag);
    set_one(u->mine.fd, flag);
    set_one(u->directory, flag);
}

int cfk_upgrade_freeze(cfk_upgrade *u, int *fd, struct cfk_error *err)
{
    struct cfk__buffer out = { .alloc = &u->alloc };
    int made;
    int rc = cfk__check_open(u, err);

    if (rc != CFK_OK)
        return rc;
    if (cfk__child_starting(u) != NULL || u->leaving.count > 0)
        return cfk__fail(err, CFK_E_BUSY, "upgrade: a process is starting");
    if (u->owner != getpid())
        return cfk__fail(err, CFK_E_STATE, "upgrade: the handle is another process's");
    if (encode(u, &out) != CFK_OK) {
        cfk__buffer_free(&out);
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory to describe the handle");
    }
    made = cfk__sealed_new(out.data, out.size);
    cfk__buffer_free(&out);
    if (made < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno,
                               "upgrade: cannot describe the handle");
    set_one(made, 0);
    set_close_on_exec(u, 0);
    *fd = made;
    return CFK_OK;
}

void cfk_upgrade_unfreeze(cfk_upgrade *u, int fd)
{
    set_close_on_exec(u, FD_CLOEXEC);
    close(fd);
}

struct thaw {
    struct cfk__reader r;
    bool no_memory; /* which is not the fault of what is read */
};

static bool read_i32(struct cfk__reader *r, int32_t *out)
{
    uint32_t value;

    if (!cfk__read_u32le(r, &value))
        return false;
    *out = (int32_t)value;
    return true;
}

/* A descriptor that is open, or -1 where one may be missing. */
static bool read_fd(struct cfk__reader *r, bool optional, int *out)
{
    int32_t fd;

    if (!read_i32(r, &fd) || (fd < 0 && !optional) || (fd >= 0 && fd < 3) ||
        (fd >= 0 && fcntl(fd, F_GETFD) < 0))
        return false;
    *out = fd < 0 ? -1 : fd;
    return true;
}

/* Text in a fresh buffer, or NULL where there is none. False: no such text. */
static bool read_text(struct thaw *t, const struct cfk_alloc *alloc, char **out)
{
    struct cfk__span span;
    uint16_t len;

    *out = NULL;
    if (!cfk__read_u16le(&t->r, &len))
        return false;
    if (len == NO_TEXT)
        return true;
    if (len > MOST_TEXT || !cfk__read_span(&t->r, len, &span) ||
        memchr(span.data, '\0', len) != NULL)
        return false;
    *out = cfk__malloc(alloc, (size_t)len + 1);
    t->no_memory |= *out == NULL;
    if (*out == NULL)
        return false;
    memcpy(*out, span.data, len);
    (*out)[len] = '\0';
    return true;
}

static bool read_header(struct thaw *t, cfk_upgrade *u)
{
    uint8_t magic[sizeof MAGIC];
    uint16_t version;
    uint8_t state;
    uint8_t flags;
    uint32_t mine_version;
    int mine;

    if (!cfk__read_copy(&t->r, magic, sizeof magic) ||
        memcmp(magic, MAGIC, sizeof magic) != 0 || !cfk__read_u16le(&t->r, &version) ||
        version != FORMAT_VERSION || !cfk__read_u8(&t->r, &state) ||
        state > CFK__SERVING || !cfk__read_u8(&t->r, &flags) ||
        !cfk__read_u32le(&t->r, &u->generation) ||
        !cfk__read_u64le(&t->r, &u->child_number) ||
        !cfk__read_u64le(&t->r, &u->started) || !cfk__read_u64le(&t->r, &u->succeeded) ||
        !cfk__read_u64le(&t->r, &u->failed) || !cfk__read_u64le(&t->r, &u->forced) ||
        !read_fd(&t->r, true, &u->parent) || !read_fd(&t->r, true, &mine) ||
        !cfk__read_u32le(&t->r, &mine_version) || !read_fd(&t->r, true, &u->directory) ||
        !read_text(t, &u->alloc, &u->notify))
        return false;
    u->state = (enum cfk__state)state;
    u->own_paths = (flags & OWN_PATHS) != 0;
    u->drained = (flags & DRAINED) != 0;
    u->mine_is_new = (flags & MINE_IS_NEW) != 0;
    return mine < 0 || cfk__state_adopt(&u->mine, mine, mine_version);
}

static bool add_entry(struct thaw *t, cfk_upgrade *u, const char *name, const char *path,
                      const struct cfk__path_id *id, int fd, uint32_t flags)
{
    int rc = cfk__fds_add(&u->fds, name, strlen(name), path, id, fd, flags, NULL);

    t->no_memory |= rc == CFK_E_NOMEM;
    return rc == CFK_OK;
}

static bool read_entry(struct thaw *t, cfk_upgrade *u)
{
    struct cfk__path_id id;
    uint32_t flags;
    char *name = NULL;
    char *path = NULL;
    int fd;
    bool good = read_fd(&t->r, false, &fd) && cfk__read_u32le(&t->r, &flags) &&
                read_text(t, &u->alloc, &name) && name != NULL &&
                cfk__text_is_name(name, strlen(name)) && read_text(t, &u->alloc, &path) &&
                cfk__read_u64le(&t->r, &id.dev) && cfk__read_u64le(&t->r, &id.ino) &&
                add_entry(t, u, name, path, &id, fd, flags);

    cfk__free(&u->alloc, name);
    cfk__free(&u->alloc, path);
    return good;
}

static bool read_child(struct cfk__reader *r, struct cfk__child *child)
{
    bool *flags[7];
    int *fds[5];
    uint16_t bits;
    int32_t pid;

    child_flags(child, flags);
    child_fds(child, fds);
    if (!cfk__read_u64le(r, &child->number) || !cfk__read_u32le(r, &child->state) ||
        (child->state != CFK_UPGRADE_SERVING && child->state != CFK_UPGRADE_DRAINING) ||
        !cfk__read_u32le(r, &child->generation) || !read_i32(r, &child->reason) ||
        !read_i32(r, &child->code) || !cfk__read_u16le(r, &bits) || !read_i32(r, &pid) ||
        pid <= 0)
        return false;
    child->pid = pid;
    for (unsigned i = 0; i < 7; i++)
        *flags[i] = (bits >> i & 1) != 0;
    for (unsigned i = 0; i < 5; i++)
        if (!read_fd(r, i >= 2, fds[i]))
            return false;
    return true;
}

static bool watch_child(const cfk_upgrade *u, struct cfk__child *child)
{
    static const enum cfk__token_kind kinds[5] = { CFK__ON_EXIT, CFK__ON_TIMER,
                                                   CFK__ON_CHANNEL, CFK__ON_NOTIFY,
                                                   CFK__ON_READY_FD };
    int *fds[5];

    child_fds(child, fds);
    for (unsigned i = 0; i < 5; i++)
        if (*fds[i] >= 0 &&
            cfk__poll_add(u->poll, *fds[i], cfk__token(child->number, kinds[i])) != 0)
            return false;
    return true;
}

static bool read_children(struct thaw *t, cfk_upgrade *u)
{
    struct cfk__child **link = &u->children;
    uint32_t count;

    if (!cfk__read_u32le(&t->r, &count) || count > MOST_CHILDREN)
        return false;
    while (count-- > 0) {
        struct cfk__child *child = cfk__calloc(&u->alloc, 1, sizeof *child);

        t->no_memory |= child == NULL;
        if (child == NULL)
            return false;
        child->process = child->timer = child->channel = child->notify = child->ready_fd =
            -1;
        child->state = CFK_UPGRADE_SERVING; /* whatever comes, it is not to be killed */
        *link = child;
        link = &child->next;
        if (!read_child(&t->r, child) || !watch_child(u, child))
            return false;
    }
    return true;
}

static bool decode(struct thaw *t, cfk_upgrade *u)
{
    uint32_t count;

    if (!read_header(t, u) || !cfk__read_u32le(&t->r, &count))
        return false;
    while (count-- > 0)
        if (!read_entry(t, u))
            return false;
    if (u->parent >= 0 &&
        cfk__poll_add(u->poll, u->parent, cfk__token(0, CFK__ON_PARENT)) != 0)
        return false;
    return read_children(t, u) && cfk__reader_left(&t->r) == 0;
}

/* Forget without closing: what could not be read is somebody else's. */
static void disown(cfk_upgrade *u)
{
    int *fds[5];

    for (size_t i = 0; i < u->fds.count; i++)
        u->fds.items[i].fd = -1;
    for (struct cfk__child *c = u->children; c != NULL; c = c->next) {
        child_fds(c, fds);
        for (unsigned i = 0; i < 5; i++)
            *fds[i] = -1;
        c->state = CFK_UPGRADE_SERVING;
    }
    u->parent = u->mine.fd = u->directory = -1;
}

static int read_file(int fd, struct cfk__buffer *out, struct cfk_error *err)
{
    struct stat st;
    ssize_t got;

    if (fd < 0 || !cfk__is_sealed(fd) || fstat(fd, &st) != 0 || st.st_size > MOST_SIZE)
        return cfk__fail(err, CFK_E_INVALID, "upgrade: descriptor %d describes no handle",
                         fd);
    if (cfk__buffer_reserve(out, (size_t)st.st_size) != CFK_OK)
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory for a handle");
    got = pread(fd, out->data, (size_t)st.st_size, 0);
    if (got != st.st_size)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot read the handle");
    out->size = (size_t)got;
    return CFK_OK;
}

int cfk_upgrade_thaw(const struct cfk_upgrade_options *opts, int fd, cfk_upgrade **out,
                     struct cfk_error *err)
{
    struct cfk__buffer text = { 0 };
    struct thaw t = { .no_memory = false };
    cfk_upgrade *u;
    int rc = cfk_upgrade_new(opts, &u, err);

    *out = NULL;
    if (rc != CFK_OK)
        return rc;
    text.alloc = &u->alloc;
    rc = read_file(fd, &text, err);
    cfk__fds_clear(&u->fds);
    if (rc == CFK_OK) {
        if (u->directory >= 0)
            close(u->directory);
        u->directory = -1;
        cfk__reader_init(&t.r, text.data, text.size);
        if (!decode(&t, u)) {
            disown(u);
            rc = t.no_memory
                     ? cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory for a handle")
                     : cfk__fail(
                           err, CFK_E_PROTOCOL,
                           "upgrade: descriptor %d describes no handle of this version, "
                           "or one whose descriptors are not open",
                           fd);
        }
    }
    cfk__buffer_free(&text);
    if (rc != CFK_OK) {
        cfk_upgrade_free(u);
        return rc;
    }
    set_close_on_exec(u, FD_CLOEXEC);
    close(fd);
    *out = u;
    return CFK_OK;
}
