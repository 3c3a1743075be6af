/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* AF_UNIX details, TCP options */

#include "upgrade/address.h"

#include "base/error.h"
#include "upgrade/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

enum { FOR_TCP = 1, FOR_UDP = 2, FOR_UNIX = 4, FOR_INET = FOR_TCP | FOR_UDP };

struct int_option {
    const char *name;
    int level;
    int option;
    int families;
    bool flag; /* takes no value */
};

static const struct int_option INT_OPTIONS[CFK__OPT_INTS] = {
    [CFK__OPT_REUSEPORT] = { "reuseport", SOL_SOCKET, SO_REUSEPORT, FOR_INET, true },
    [CFK__OPT_V6ONLY] = { "v6only", IPPROTO_IPV6, IPV6_V6ONLY, FOR_INET, true },
    [CFK__OPT_NODELAY] = { "nodelay", IPPROTO_TCP, TCP_NODELAY, FOR_TCP, true },
    [CFK__OPT_DEFER_ACCEPT] = { "defer_accept", IPPROTO_TCP, TCP_DEFER_ACCEPT, FOR_TCP,
                                false },
    [CFK__OPT_FASTOPEN] = { "fastopen", IPPROTO_TCP, TCP_FASTOPEN, FOR_TCP, false },
    [CFK__OPT_NOTSENT_LOWAT] = { "notsent_lowat", IPPROTO_TCP, TCP_NOTSENT_LOWAT, FOR_TCP,
                                 false },
    [CFK__OPT_SNDBUF] = { "sndbuf", SOL_SOCKET, SO_SNDBUF, FOR_INET | FOR_UNIX, false },
    [CFK__OPT_RCVBUF] = { "rcvbuf", SOL_SOCKET, SO_RCVBUF, FOR_INET | FOR_UNIX, false },
};

void cfk__int_option(enum cfk__int_option which, int *level, int *name)
{
    *level = INT_OPTIONS[which].level;
    *name = INT_OPTIONS[which].option;
}

static int bad_address(const char *text, struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_INVALID,
                     "upgrade: '%.100s' is no address: tcp:HOST:PORT, udp:HOST:PORT "
                     "with a numeric HOST, unix:PATH or unix:@NAME",
                     text);
}

static int parse_unix(const char *text, const char *path, struct cfk__address *a,
                      struct cfk_error *err)
{
    size_t len = strlen(path);
    bool abstract = path[0] == '@';

    if (len == 0 || (abstract && len == 1))
        return bad_address(text, err);
    if (len >= sizeof a->to.un.sun_path)
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: unix path of %zu bytes, at most %zu fit", len,
                         sizeof a->to.un.sun_path - 1);
    a->domain = AF_UNIX;
    a->to.un.sun_family = AF_UNIX;
    memcpy(a->to.un.sun_path, path, len + 1);
    if (abstract)
        a->to.un.sun_path[0] = '\0';
    a->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + !abstract);
    return CFK_OK;
}

static void set_ipv6(struct cfk__address *a, const struct in6_addr *host)
{
    struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(a->port) };

    sin6.sin6_addr = *host;
    a->domain = AF_INET6;
    a->size = sizeof sin6;
    memcpy(&a->to, &sin6, sizeof sin6);
}

static void set_ipv4(struct cfk__address *a, const struct in_addr *host)
{
    struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(a->port) };

    sin.sin_addr = *host;
    a->domain = AF_INET;
    a->size = sizeof sin;
    memcpy(&a->to, &sin, sizeof sin);
}

static bool parse_host(const char *text, size_t len, struct cfk__address *a)
{
    char host[INET6_ADDRSTRLEN + 1];
    struct in6_addr in6;
    struct in_addr in;
    bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';

    if (brackets) {
        text++;
        len -= 2;
    }
    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    if (brackets) {
        if (inet_pton(AF_INET6, host, &in6) != 1)
            return false;
        set_ipv6(a, &in6);
    } else if (strcmp(host, "*") == 0) {
        a->any = true;
        set_ipv6(a, &in6addr_any);
    } else {
        if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
                      &in) != 1)
            return false;
        set_ipv4(a, &in);
    }
    return true;
}

static int parse_inet(const char *text, const char *rest, struct cfk__address *a,
                      struct cfk_error *err)
{
    const char *colon = strrchr(rest, ':');
    uint64_t port;

    if (colon == NULL ||
        !cfk__text_number(colon + 1, strlen(colon + 1), 10, 65535, &port))
        return bad_address(text, err);
    a->port = (uint16_t)port;
    if (!parse_host(rest, (size_t)(colon - rest), a))
        return bad_address(text, err);
    return CFK_OK;
}

int cfk__address_parse(const char *text, struct cfk__address *out, struct cfk_error *err)
{
    struct cfk__address a = { .text = text, .type = SOCK_STREAM };
    int rc;

    if (strncmp(text, "tcp:", 4) == 0) {
        rc = parse_inet(text, text + 4, &a, err);
    } else if (strncmp(text, "udp:", 4) == 0) {
        a.type = SOCK_DGRAM;
        rc = parse_inet(text, text + 4, &a, err);
    } else if (strncmp(text, "unix:", 5) == 0) {
        rc = parse_unix(text, text + 5, &a, err);
    } else {
        rc = bad_address(text, err);
    }
    if (rc == CFK_OK)
        *out = a;
    return rc;
}

/* One option: its name and, where there is a '=', its value. */
struct option_text {
    const char *name;
    size_t name_len;
    const char *value; /* NULL: none */
    size_t value_len;
};

static bool is(const struct option_text *t, const char *name)
{
    return strlen(name) == t->name_len && memcmp(t->name, name, t->name_len) == 0;
}

static bool value_is(const struct option_text *t, const char *value)
{
    return t->value != NULL && strlen(value) == t->value_len &&
           memcmp(t->value, value, t->value_len) == 0;
}

static bool number(const struct option_text *t, unsigned base, uint64_t max,
                   uint64_t *out)
{
    return t->value != NULL && cfk__text_number(t->value, t->value_len, base, max, out);
}

static bool parse_int_option(const struct option_text *t, int family,
                             struct cfk__socket_options *o)
{
    for (size_t i = 0; i < CFK__OPT_INTS; i++) {
        uint64_t value = 1;

        if (!is(t, INT_OPTIONS[i].name))
            continue;
        if ((INT_OPTIONS[i].families & family) == 0 ||
            (INT_OPTIONS[i].flag ? t->value != NULL : !number(t, 10, INT_MAX, &value)))
            return false;
        o->ints[i] = (int)value;
        return true;
    }
    return false;
}

static bool parse_owner(const struct option_text *t, struct cfk__socket_options *o)
{
    const char *colon = t->value == NULL ? NULL : memchr(t->value, ':', t->value_len);
    size_t uid_len = colon == NULL ? t->value_len : (size_t)(colon - t->value);
    uint64_t uid;
    uint64_t gid = (gid_t)-1;

    if (t->value == NULL ||
        !cfk__text_number(t->value, uid_len, 10, UINT32_MAX - 1, &uid))
        return false;
    if (colon != NULL && !cfk__text_number(colon + 1, t->value_len - uid_len - 1, 10,
                                           UINT32_MAX - 1, &gid))
        return false;
    o->has_owner = true;
    o->uid = (uid_t)uid;
    o->gid = (gid_t)gid;
    return true;
}

static bool parse_unix_option(const struct option_text *t, struct cfk__socket_options *o)
{
    uint64_t mode;

    if (is(t, "owner"))
        return parse_owner(t, o);
    if (is(t, "mode")) {
        o->has_mode = number(t, 8, 0777, &mode);
        o->mode = o->has_mode ? (mode_t)mode : 0;
        return o->has_mode;
    }
    if (!is(t, "type"))
        return false;
    o->type = value_is(t, "stream")      ? SOCK_STREAM
              : value_is(t, "seqpacket") ? SOCK_SEQPACKET
              : value_is(t, "dgram")     ? SOCK_DGRAM
                                         : -1;
    return o->type != -1;
}

static bool parse_option(const struct option_text *t, int family,
                         struct cfk__socket_options *o)
{
    uint64_t backlog;

    if (parse_int_option(t, family, o))
        return true;
    if (family == FOR_UNIX && parse_unix_option(t, o))
        return true;
    if (family != FOR_UDP && is(t, "backlog") && number(t, 10, INT_MAX, &backlog)) {
        o->backlog = (int)backlog;
        return true;
    }
    if (family == FOR_TCP && is(t, "congestion") && t->value_len > 0 &&
        t->value_len < sizeof o->congestion) {
        memcpy(o->congestion, t->value, t->value_len);
        o->congestion[t->value_len] = '\0';
        return true;
    }
    return false;
}

int cfk__socket_options_parse(const char *text, struct cfk__address *address,
                              struct cfk__socket_options *out, struct cfk_error *err)
{
    struct cfk__socket_options o = { .backlog = -1, .type = -1 };
    int family = address->domain == AF_UNIX     ? FOR_UNIX
                 : address->type == SOCK_STREAM ? FOR_TCP
                                                : FOR_UDP;

    for (size_t i = 0; i < CFK__OPT_INTS; i++)
        o.ints[i] = -1;
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        const char *equals = memchr(text, '=', len);
        struct option_text t = { .name = text, .name_len = len };

        if (equals != NULL) {
            t.name_len = (size_t)(equals - text);
            t.value = equals + 1;
            t.value_len = len - t.name_len - 1;
        }
        if (!parse_option(&t, family, &o))
            return cfk__fail(
                err, CFK_E_INVALID,
                "upgrade: socket option '%.*s' is unknown, not for this kind "
                "of socket, or its value is out of range",
                len > 60 ? 60 : (int)len, text);
        text += len + (text[len] == ',');
    }
    if (o.type != -1)
        address->type = o.type;
    *out = o;
    return CFK_OK;
}

const char *cfk__address_path(const struct cfk__address *address)
{
    if (address->domain != AF_UNIX || address->to.un.sun_path[0] == '\0')
        return NULL;
    return address->to.un.sun_path;
}

void cfk__address_name(const char *text, char *out, size_t size)
{
    size_t i;

    for (i = 0; text[i] != '\0' && i + 1 < size; i++)
        out[i] = isalnum((unsigned char)text[i]) || strchr("._/", text[i]) != NULL
                     ? text[i]
                     : '-';
    out[i] = '\0';
}
