/* SPDX-License-Identifier: MIT */
/* Addresses and socket options as people write them. */
#ifndef CFK_UPGRADE_ADDRESS_H
#define CFK_UPGRADE_ADDRESS_H

#include "cfkit/base.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

struct cfk__address {
    const char *text; /* as given, for messages; not owned */
    int domain;       /* AF_INET, AF_INET6, AF_UNIX */
    int type;         /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
    bool any; /* "*": IPv6 and IPv4 in one socket, IPv4 alone where there is no IPv6 */
    uint16_t port;
    socklen_t size;
    union {
        struct sockaddr base;
        struct sockaddr_storage storage;
        struct sockaddr_un un; /* sun_path[0] is 0 for abstract names */
    } to;
};

/* What setsockopt() takes a number for; see the table in address.c. */
enum cfk__int_option {
    CFK__OPT_REUSEPORT,
    CFK__OPT_V6ONLY,
    CFK__OPT_NODELAY,
    CFK__OPT_DEFER_ACCEPT,
    CFK__OPT_FASTOPEN,
    CFK__OPT_NOTSENT_LOWAT,
    CFK__OPT_SNDBUF,
    CFK__OPT_RCVBUF,
    CFK__OPT_INTS,
};

struct cfk__socket_options {
    int ints[CFK__OPT_INTS]; /* -1: not given */
    int backlog;             /* -1: not given */
    int type;                /* of a UNIX socket; -1: not given */
    char congestion[16];     /* "": not given */
    bool has_mode;
    bool has_owner;
    mode_t mode;
    uid_t uid;
    gid_t gid; /* (gid_t)-1: stays */
};

/* "tcp:HOST:PORT", ... CFK_OK or CFK_E_INVALID. */
int cfk__address_parse(const char *text, struct cfk__address *out, struct cfk_error *err);

/*
 * "backlog=64,reuseport" for a socket of that address; NULL and "" are none.
 * type= goes into address. CFK_OK or CFK_E_INVALID.
 */
int cfk__socket_options_parse(const char *text, struct cfk__address *address,
                              struct cfk__socket_options *out, struct cfk_error *err);

/* The level and name of an option for setsockopt(). */
void cfk__int_option(enum cfk__int_option which, int *level, int *name);

/* The path in the file system, or NULL. */
const char *cfk__address_path(const struct cfk__address *address);

/* A name for LISTEN_FDNAMES out of an address: what does not fit becomes '-'. */
void cfk__address_name(const char *text, char *out, size_t size);

#endif
