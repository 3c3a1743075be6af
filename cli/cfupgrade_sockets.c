/* SPDX-License-Identifier: MIT */
#include "cfupgrade_sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct cfk_error *err)
{
    *err =
        (struct cfk_error){ .code = CFK_E_NOMEM, .message = "no memory for the sockets" };
    return CFK_E_NOMEM;
}

/* Ask the handle for [NAME=]ADDRESS[,OPTION...]. */
static int listen_to(cfk_upgrade *u, const char *spec, struct cfk_error *err)
{
    const char *equals = strchr(spec, '=');
    char *copy = strdup(spec);
    char *address = copy;
    char *name = NULL;
    char *options;
    int rc;

    if (copy == NULL)
        return no_memory(err);
    if (equals != NULL && (size_t)(equals - spec) < strcspn(spec, ":")) {
        name = copy;
        copy[equals - spec] = '\0';
        address = copy + (equals - spec) + 1;
    }
    options = strchr(address, ',');
    if (options != NULL)
        *options++ = '\0';
    rc = cfk_upgrade_listen(u, name, address, options, NULL, err);
    free(copy);
    return rc;
}

static bool knows(const struct cfupgrade_socket *items, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].fd == fd)
            return true;
    return false;
}

/*
 * The entry that was asked for last: the new one at the end, or one that was inherited
 * and that nobody knew before.
 */
static bool find_latest(const cfk_upgrade *u, const struct cfupgrade_socket *items,
                        size_t count, struct cfk_upgrade_entry *out)
{
    const uint32_t both = CFK_UPGRADE_INHERITED | CFK_UPGRADE_CLAIMED;

    for (size_t i = 0; cfk_upgrade_get(u, i, out, NULL) == CFK_OK; i++)
        if ((out->flags & both) == both && !knows(items, count, out->fd))
            return true;
    return cfk_upgrade_count(u) > 0 &&
           cfk_upgrade_get(u, cfk_upgrade_count(u) - 1, out, NULL) == CFK_OK;
}

static bool set_item(struct cfupgrade_socket *item, const char *spec,
                     const struct cfk_upgrade_entry *entry)
{
    item->spec = strdup(spec);
    item->name = strdup(entry->name);
    item->fd = entry->fd;
    return item->spec != NULL && item->name != NULL;
}

static void free_items(struct cfupgrade_socket *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(items[i].spec);
        free(items[i].name);
    }
    free(items);
}

int cfupgrade_sockets_open(struct cfupgrade_sockets *s, cfk_upgrade *u,
                           const char *const *specs, size_t count, struct cfk_error *err)
{
    s->items = calloc(count + 1, sizeof *s->items);
    if (s->items == NULL)
        return no_memory(err);
    for (; s->count < count; s->count++) {
        struct cfk_upgrade_entry entry;
        int rc = listen_to(u, specs[s->count], err);

        if (rc != CFK_OK)
            return rc;
        if (!find_latest(u, s->items, s->count, &entry) ||
            !set_item(&s->items[s->count], specs[s->count], &entry))
            return no_memory(err);
    }
    return CFK_OK;
}

/* Where a descriptor stands in the handle; its count where it does not. */
static size_t index_of(const cfk_upgrade *u, int fd)
{
    struct cfk_upgrade_entry entry;
    size_t i = 0;

    while (cfk_upgrade_get(u, i, &entry, NULL) == CFK_OK && entry.fd != fd)
        i++;
    return i;
}

int cfupgrade_sockets_adopt(struct cfupgrade_sockets *s, const cfk_upgrade *u,
                            const char *const *specs, const int *fds, size_t count,
                            struct cfk_error *err)
{
    s->items = calloc(count + 1, sizeof *s->items);
    if (s->items == NULL)
        return no_memory(err);
    for (; s->count < count; s->count++) {
        struct cfk_upgrade_entry entry;
        int rc = cfk_upgrade_get(u, index_of(u, fds[s->count]), &entry, err);

        if (rc != CFK_OK)
            return rc;
        if (!set_item(&s->items[s->count], specs[s->count], &entry))
            return no_memory(err);
    }
    return CFK_OK;
}

/* Several may have its name: the first of them is meant, so it comes first. */
static void remove_one(cfk_upgrade *u, const struct cfupgrade_socket *item,
                       uint32_t flags)
{
    if (cfk_upgrade_move(u, index_of(u, item->fd), 0, NULL) == CFK_OK)
        cfk_upgrade_remove(u, item->name, flags, NULL);
}

static int *order_of(const cfk_upgrade *u)
{
    size_t count = cfk_upgrade_count(u);
    int *order = malloc((count + 1) * sizeof *order);

    if (order == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct cfk_upgrade_entry entry = { .fd = -1 };

        cfk_upgrade_get(u, i, &entry, NULL);
        order[i] = entry.fd;
    }
    order[count] = -1;
    return order;
}

static const struct cfupgrade_socket *find_spec(const struct cfupgrade_sockets *s,
                                                const char *spec,
                                                const struct cfupgrade_socket *taken,
                                                size_t taken_count)
{
    for (size_t i = 0; i < s->former_count; i++)
        if (strcmp(s->former[i].spec, spec) == 0 &&
            !knows(taken, taken_count, s->former[i].fd))
            return &s->former[i];
    return NULL;
}

/* The new set, what it lacks opened. */
static int open_added(struct cfupgrade_sockets *s, cfk_upgrade *u,
                      const char *const *specs, size_t count, struct cfk_error *err)
{
    for (; s->count < count; s->count++) {
        const char *spec = specs[s->count];
        const struct cfupgrade_socket *same = find_spec(s, spec, s->items, s->count);
        struct cfk_upgrade_entry entry = { .fd = -1 };
        int rc = CFK_OK;

        if (same != NULL) {
            entry.name = same->name;
            entry.fd = same->fd;
        } else {
            rc = listen_to(u, spec, err);
            if (rc == CFK_OK)
                cfk_upgrade_get(u, cfk_upgrade_count(u) - 1, &entry, NULL);
        }
        if (rc != CFK_OK)
            return rc;
        if (!set_item(&s->items[s->count], spec, &entry)) {
            s->count++; /* so that it is taken back, too */
            return no_memory(err);
        }
    }
    return CFK_OK;
}

/* What was passed to us and has no --listen first, then these in their order. */
static void put_in_order(const struct cfupgrade_sockets *s, cfk_upgrade *u)
{
    size_t last = cfk_upgrade_count(u) - 1;

    for (size_t i = 0; i < s->count; i++)
        cfk_upgrade_move(u, index_of(u, s->items[i].fd), last, NULL);
}

int cfupgrade_sockets_change(struct cfupgrade_sockets *s, cfk_upgrade *u,
                             const char *const *specs, size_t count,
                             struct cfk_error *err)
{
    struct cfupgrade_socket *items = calloc(count + 1, sizeof *items);
    int *order = order_of(u);
    int rc;

    if (items == NULL || order == NULL) {
        free(items);
        free(order);
        return no_memory(err);
    }
    s->former = s->items;
    s->former_count = s->count;
    s->items = items;
    s->count = 0;
    s->order = order;
    s->changing = true;
    rc = open_added(s, u, specs, count, err);
    if (rc != CFK_OK) {
        cfupgrade_sockets_restore(s, u);
        return rc;
    }
    for (size_t i = 0; i < s->former_count; i++)
        if (!knows(s->items, s->count, s->former[i].fd))
            remove_one(u, &s->former[i], 0);
    put_in_order(s, u);
    return CFK_OK;
}

static void forget_former(struct cfupgrade_sockets *s)
{
    free_items(s->former, s->former_count);
    free(s->order);
    s->former = NULL;
    s->order = NULL;
    s->former_count = 0;
    s->changing = false;
}

void cfupgrade_sockets_keep(struct cfupgrade_sockets *s)
{
    if (s->changing)
        forget_former(s);
}

void cfupgrade_sockets_restore(struct cfupgrade_sockets *s, cfk_upgrade *u)
{
    if (!s->changing)
        return;
    for (size_t i = 0; i < s->former_count; i++)
        if (index_of(u, s->former[i].fd) == cfk_upgrade_count(u))
            listen_to(u, s->former[i].spec, NULL); /* which brings it back */
    for (size_t i = 0; i < s->count; i++)
        if (!knows(s->former, s->former_count, s->items[i].fd))
            remove_one(u, &s->items[i], CFK_UPGRADE_AT_ONCE);
    for (size_t i = 0; s->order[i] >= 0; i++)
        cfk_upgrade_move(u, index_of(u, s->order[i]), i, NULL);
    free_items(s->items, s->count);
    s->items = s->former;
    s->count = s->former_count;
    s->former = NULL;
    s->former_count = 0;
    forget_former(s);
}

void cfupgrade_sockets_free(struct cfupgrade_sockets *s)
{
    free_items(s->items, s->count);
    forget_former(s);
    s->items = NULL;
    s->count = 0;
}
