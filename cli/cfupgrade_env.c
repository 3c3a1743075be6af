/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* environ, open_memstream */

#include "cfupgrade_env.h"

#include "common/cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct env {
    char **items;
    size_t count;
    size_t room; /* entries, besides the NULL */
    bool failed;
};

unsigned cfupgrade_compat(const char *name)
{
    static const char *const names[] = { "nginx", "einhorn", "starter", "fpm" };

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return 1u << i;
    return 0;
}

static void print_inet(const struct sockaddr_storage *any, char *out)
{
    char host[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *in = (const struct sockaddr_in *)any;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)any;

    if (any->ss_family == AF_INET) {
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out, CFUPGRADE_ADDRESS_SIZE, "%s:%u", host, ntohs(in->sin_port));
    } else {
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(out, CFUPGRADE_ADDRESS_SIZE, "[%s]:%u", host, ntohs(in6->sin6_port));
    }
}

static void print_unix(const struct sockaddr_storage *any, socklen_t size, char *out)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)any;
    size_t len = size - offsetof(struct sockaddr_un, sun_path);

    if (size <= offsetof(struct sockaddr_un, sun_path))
        return;
    if (un->sun_path[0] == '\0')
        snprintf(out, CFUPGRADE_ADDRESS_SIZE, "@%.*s", (int)len - 1, un->sun_path + 1);
    else
        snprintf(out, CFUPGRADE_ADDRESS_SIZE, "%.*s", (int)strnlen(un->sun_path, len),
                 un->sun_path);
}

void cfupgrade_address(int fd, char out[CFUPGRADE_ADDRESS_SIZE], const char **kind)
{
    struct sockaddr_storage any = { .ss_family = AF_UNSPEC };
    socklen_t size = sizeof any;
    int type = 0;
    socklen_t type_size = sizeof type;
    const char *found = "fd";

    out[0] = '\0';
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
    if (getsockname(fd, (struct sockaddr *)&any, &size) == 0) {
        if (any.ss_family == AF_INET || any.ss_family == AF_INET6) {
            found = type == SOCK_DGRAM ? "udp" : "tcp";
            print_inet(&any, out);
        } else if (any.ss_family == AF_UNIX) {
            found = "unix";
            print_unix(&any, size, out);
        }
    }
    if (kind != NULL)
        *kind = found;
}

/* Take over one "NAME=VALUE" from the heap, in place of a former NAME. NULL: no memory.
 */
static void put(struct env *e, char *item)
{
    size_t name = item == NULL ? 0 : strcspn(item, "=") + 1;
    size_t at = 0;

    while (item != NULL && at < e->count && strncmp(e->items[at], item, name) != 0)
        at++;
    if (item != NULL && at == e->count && e->count == e->room) {
        char **moved = realloc(e->items, (e->room * 2 + 16) * sizeof *moved);

        if (moved == NULL) {
            free(item);
            item = NULL;
        } else {
            e->items = moved;
            e->room = e->room * 2 + 15;
        }
    }
    if (item == NULL) {
        e->failed = true;
        return;
    }
    if (at == e->count)
        e->items[++e->count] = NULL;
    else
        free(e->items[at]);
    e->items[at] = item;
}

static void put_text(struct env *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put_text(struct env *e, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    put(e, text);
}

static int entry_fd(const cfk_upgrade *u, size_t index)
{
    struct cfk_upgrade_entry entry = { .fd = -1 };

    cfk_upgrade_get(u, index, &entry, NULL);
    return entry.fd;
}

/* Where text begins with "{WHATn}": n and the length of it all; else 0. */
static size_t placeholder(const char *text, const char *what, unsigned long *n)
{
    size_t len = strlen(what);
    char *end;

    if (strncmp(text, what, len) != 0 || text[len] < '0' || text[len] > '9')
        return 0;
    *n = strtoul(text + len, &end, 10);
    return *end == '}' ? (size_t)(end - text) + 1 : 0;
}

/* text with {fdN} and {addrN} replaced, on the heap; or NULL after the word about it. */
static char *expand(const cfk_upgrade *u, const char *text)
{
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);

    while (stream != NULL && *text != '\0') {
        char address[CFUPGRADE_ADDRESS_SIZE];
        unsigned long n = 0;
        size_t fd_len = placeholder(text, "{fd", &n);
        size_t len = fd_len != 0 ? fd_len : placeholder(text, "{addr", &n);

        if (len == 0) {
            fputc(*text++, stream);
            continue;
        }
        if (n >= cfk_upgrade_count(u)) {
            cli_usage("--env: '%.*s' names no socket of %zu", (int)len, text,
                      cfk_upgrade_count(u));
            fclose(stream);
            free(out);
            return NULL;
        }
        if (fd_len == 0)
            cfupgrade_address(entry_fd(u, n), address, NULL);
        else
            snprintf(address, sizeof address, "%lu", CFUPGRADE_FIRST_FD + n);
        fputs(address, stream);
        text += len;
    }
    if (stream == NULL || fclose(stream) != 0) {
        free(out);
        cli_error(CFK_E_NOMEM, "no memory for the environment");
        return NULL;
    }
    return out;
}

/*
 * One variable about all sockets: "NAME=" and for each, where addresses are wanted,
 * "ADDRESS=", then its descriptor.
 */
static char *table(const cfk_upgrade *u, const char *name, bool addresses,
                   const char *between, const char *behind)
{
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);

    if (stream == NULL)
        return NULL;
    fprintf(stream, "%s=", name);
    for (size_t i = 0; i < cfk_upgrade_count(u); i++) {
        char address[CFUPGRADE_ADDRESS_SIZE];

        cfupgrade_address(entry_fd(u, i), address, NULL);
        fprintf(stream, "%s%s%s%zu", i == 0 ? "" : between, addresses ? address : "",
                addresses ? "=" : "", CFUPGRADE_FIRST_FD + i);
    }
    fputs(behind, stream);
    if (fclose(stream) == 0)
        return out;
    free(out);
    return NULL;
}

static const char *family(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t size = sizeof domain;

    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    switch (domain) {
    case AF_INET: return "AF_INET";
    case AF_INET6: return "AF_INET6";
    case AF_UNIX: return "AF_UNIX";
    default: return "AF_UNSPEC";
    }
}

static void put_einhorn(struct env *e, const cfk_upgrade *u)
{
    put_text(e, "EINHORN_MASTER_PID=%d", (int)getpid());
    put_text(e, "EINHORN_FD_COUNT=%zu", cfk_upgrade_count(u));
    put(e, table(u, "EINHORN_FDS", false, " ", ""));
    for (size_t i = 0; i < cfk_upgrade_count(u); i++) {
        put_text(e, "EINHORN_FD_%zu=%zu", i, CFUPGRADE_FIRST_FD + i);
        put_text(e, "EINHORN_FD_FAMILY_%zu=%s", i, family(entry_fd(u, i)));
    }
}

static void put_compat(struct env *e, const cfk_upgrade *u, unsigned compat,
                       uint32_t generation)
{
    if ((compat & CFUPGRADE_NGINX) != 0)
        put(e, table(u, "NGINX", false, ";", ";"));
    if ((compat & CFUPGRADE_EINHORN) != 0)
        put_einhorn(e, u);
    if ((compat & CFUPGRADE_STARTER) != 0) {
        put(e, table(u, "SERVER_STARTER_PORT", true, ";", ""));
        put_text(e, "SERVER_STARTER_GENERATION=%u", generation);
    }
    if ((compat & CFUPGRADE_FPM) != 0)
        put(e, table(u, "FPM_SOCKETS", true, ",", ""));
}

char **cfupgrade_env_new(const cfk_upgrade *u, const char *const *templates, size_t count,
                         unsigned compat, uint32_t generation)
{
    struct env e = { .items = calloc(1, sizeof *e.items) };

    e.failed = e.items == NULL;
    for (char **p = environ; p != NULL && *p != NULL && !e.failed; p++)
        put(&e, strdup(*p));
    if (!e.failed)
        put_compat(&e, u, compat, generation);
    for (size_t i = 0; i < count && !e.failed; i++) {
        char *text = expand(u, templates[i]);

        if (text == NULL) {
            cfupgrade_env_free(e.items);
            return NULL;
        }
        put(&e, text);
    }
    if (!e.failed)
        return e.items;
    cfupgrade_env_free(e.items);
    cli_error(CFK_E_NOMEM, "no memory for the environment");
    return NULL;
}

void cfupgrade_env_free(char **env)
{
    for (char **p = env; p != NULL && *p != NULL; p++)
        free(*p);
    free(env);
}
