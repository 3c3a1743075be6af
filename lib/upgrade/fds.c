/* SPDX-License-Identifier: MIT */
#include "upgrade/fds.h"

#include "base/alloc.h"
#include "base/error.h"
#include "upgrade/text.h"

#include <string.h>
#include <unistd.h>

enum {
    FORMAT_VERSION = 1,
    PATH_LIMIT = 107,   /* of sockaddr_un, without its NUL */
    ENCODED_OWNS = 0x1, /* flag: the receiver removes the path when it stops */
};

static const uint8_t MAGIC[4] = { 'C', 'F', 'K', 'T' };

static char *copy_text(const struct cfk__fds *fds, const char *text, size_t len)
{
    char *copy = cfk__malloc(fds->alloc, len + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static bool grow(struct cfk__fds *fds)
{
    size_t wanted = fds->capacity == 0 ? 8 : fds->capacity * 2;
    struct cfk__fd_entry *moved;

    if (fds->count < fds->capacity)
        return true;
    moved = cfk__realloc(fds->alloc, fds->items, wanted, sizeof *moved);
    if (moved == NULL)
        return false;
    fds->items = moved;
    fds->capacity = wanted;
    return true;
}

int cfk__fds_add(struct cfk__fds *fds, const char *name, size_t name_len,
                 const char *path, const struct cfk__path_id *id, int fd, uint32_t flags,
                 struct cfk_error *err)
{
    struct cfk__fd_entry entry = { .fd = fd, .flags = flags };

    if (fds->count >= fds->limit)
        return cfk__fail(err, CFK_E_LIMIT, "upgrade: more than %zu descriptors",
                         fds->limit);
    entry.name = copy_text(fds, name, name_len);
    if (path != NULL) {
        entry.path = copy_text(fds, path, strlen(path));
        entry.id = *id;
    }
    if (entry.name == NULL || (path != NULL && entry.path == NULL) || !grow(fds)) {
        cfk__free(fds->alloc, entry.name);
        cfk__free(fds->alloc, entry.path);
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory for descriptor %zu",
                         fds->count);
    }
    fds->items[fds->count++] = entry;
    return CFK_OK;
}

static bool claimable(const struct cfk__fd_entry *entry)
{
    return (entry->flags & (CFK_UPGRADE_INHERITED | CFK_UPGRADE_CLAIMED)) ==
           CFK_UPGRADE_INHERITED;
}

struct cfk__fd_entry *cfk__fds_find(struct cfk__fds *fds, const char *name)
{
    while (fds->cursor < fds->count && !claimable(&fds->items[fds->cursor]))
        fds->cursor++;
    for (size_t i = fds->cursor; i < fds->count; i++)
        if (claimable(&fds->items[i]) && strcmp(fds->items[i].name, name) == 0)
            return &fds->items[i];
    return NULL;
}

struct cfk__fd_entry *cfk__fds_named(struct cfk__fds *fds, const char *name)
{
    for (size_t i = 0; i < fds->count; i++)
        if (strcmp(fds->items[i].name, name) == 0)
            return &fds->items[i];
    return NULL;
}

bool cfk__fds_move(struct cfk__fds *to, const struct cfk__fd_entry *entry)
{
    if (!grow(to))
        return false;
    to->items[to->count++] = *entry;
    return true;
}

void cfk__fds_cut(struct cfk__fds *fds, const struct cfk__fd_entry *entry)
{
    size_t index = (size_t)(entry - fds->items);

    fds->count--;
    memmove(&fds->items[index], &fds->items[index + 1],
            (fds->count - index) * sizeof *fds->items);
    fds->cursor = 0;
}

void cfk__fds_release(struct cfk__fds *fds, struct cfk__fd_entry *entry)
{
    cfk__free(fds->alloc, entry->name);
    cfk__free(fds->alloc, entry->path);
    if (entry->fd >= 0)
        close(entry->fd);
}

void cfk__fds_clear(struct cfk__fds *fds)
{
    for (size_t i = 0; i < fds->count; i++)
        cfk__fds_release(fds, &fds->items[i]);
    cfk__free(fds->alloc, fds->items);
    fds->items = NULL;
    fds->count = fds->capacity = fds->cursor = 0;
}

int cfk__fds_names(const struct cfk__fds *fds, struct cfk__buffer *out)
{
    for (size_t i = 0; i < fds->count; i++) {
        const char *name = fds->items[i].name;
        int rc = i == 0 ? CFK_OK : cfk__buffer_append(out, ":", 1);

        if (rc == CFK_OK)
            rc = cfk__buffer_append(out, name, strlen(name));
        if (rc != CFK_OK)
            return rc;
    }
    return CFK_OK;
}

static int encode_entry(const struct cfk__fd_entry *entry, bool pass_paths,
                        struct cfk__buffer *out)
{
    uint8_t bytes[4 + 1 + CFK__NAME_MAX + 2 + PATH_LIMIT + 8 + 8];
    bool path =
        pass_paths && entry->path != NULL && (entry->flags & CFK_UPGRADE_OWNS_PATH) != 0;
    size_t path_len = path ? strlen(entry->path) : 0;
    struct cfk__writer w;

    cfk__writer_init(&w, bytes, sizeof bytes);
    cfk__write_u32le(&w, path ? ENCODED_OWNS : 0);
    cfk__write_u8(&w, (uint8_t)strlen(entry->name));
    cfk__write(&w, entry->name, strlen(entry->name));
    cfk__write_u16le(&w, (uint16_t)path_len);
    if (path)
        cfk__write(&w, entry->path, path_len);
    cfk__write_u64le(&w, path ? entry->id.dev : 0);
    cfk__write_u64le(&w, path ? entry->id.ino : 0);
    return cfk__buffer_append(out, bytes, cfk__writer_size(&w));
}

int cfk__fds_encode(const struct cfk__fds *fds, bool pass_paths, struct cfk__buffer *out)
{
    uint8_t header[12];
    struct cfk__writer w;
    int rc;

    cfk__writer_init(&w, header, sizeof header);
    cfk__write(&w, MAGIC, sizeof MAGIC);
    cfk__write_u16le(&w, FORMAT_VERSION);
    cfk__write_u16le(&w, 0);
    cfk__write_u32le(&w, (uint32_t)fds->count);
    rc = cfk__buffer_append(out, header, sizeof header);
    for (size_t i = 0; i < fds->count && rc == CFK_OK; i++)
        rc = encode_entry(&fds->items[i], pass_paths, out);
    return rc;
}

static int decode_entry(struct cfk__reader *r, struct cfk__fds *fds, int fd,
                        struct cfk_error *err)
{
    uint32_t result = CFK_UPGRADE_INHERITED;
    char path[PATH_LIMIT + 1] = "";
    struct cfk__path_id id;
    struct cfk__span name;
    uint32_t flags;
    uint8_t name_len;
    uint16_t path_len;

    if (!cfk__read_u32le(r, &flags) || (flags & ~(uint32_t)ENCODED_OWNS) != 0 ||
        !cfk__read_u8(r, &name_len) || !cfk__read_span(r, name_len, &name) ||
        !cfk__text_is_name((const char *)name.data, name.size) ||
        !cfk__read_u16le(r, &path_len) || path_len > PATH_LIMIT ||
        !cfk__read_copy(r, path, path_len) || strlen(path) != path_len ||
        !cfk__read_u64le(r, &id.dev) || !cfk__read_u64le(r, &id.ino) ||
        (flags == ENCODED_OWNS) != (path_len > 0))
        return cfk__fail(err, CFK_E_PROTOCOL,
                         "upgrade: broken description of descriptor %d", fd);
    if (flags == ENCODED_OWNS)
        result |= CFK_UPGRADE_OWNS_PATH;
    return cfk__fds_add(fds, (const char *)name.data, name.size,
                        path_len > 0 ? path : NULL, &id, fd, result, err);
}

int cfk__fds_decode(struct cfk__fds *fds, const void *data, size_t size, int first,
                    uint32_t count, struct cfk_error *err)
{
    struct cfk__reader r;
    uint8_t magic[sizeof MAGIC];
    uint16_t version;
    uint16_t zero;
    uint32_t entries;
    int rc = CFK_OK;

    cfk__reader_init(&r, data, size);
    if (!cfk__read_copy(&r, magic, sizeof magic) ||
        memcmp(magic, MAGIC, sizeof magic) != 0 || !cfk__read_u16le(&r, &version) ||
        version != FORMAT_VERSION || !cfk__read_u16le(&r, &zero) || zero != 0 ||
        !cfk__read_u32le(&r, &entries) || entries != count)
        return cfk__fail(err, CFK_E_PROTOCOL, "upgrade: no description of %u descriptors",
                         count);
    for (uint32_t i = 0; i < count && rc == CFK_OK; i++)
        rc = decode_entry(&r, fds, first + (int)i, err);
    if (rc == CFK_OK && cfk__reader_left(&r) != 0)
        rc = cfk__fail(err, CFK_E_PROTOCOL,
                       "upgrade: %zu bytes behind the description of the descriptors",
                       cfk__reader_left(&r));
    if (rc != CFK_OK) {
        for (size_t i = 0; i < fds->count; i++)
            fds->items[i].fd = -1;
        cfk__fds_clear(fds);
    }
    return rc;
}
