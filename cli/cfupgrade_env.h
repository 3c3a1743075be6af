/* SPDX-License-Identifier: MIT */
/* The environment of a server: ours, what --env gives, and the spellings of --compat. */
#ifndef CFUPGRADE_ENV_H
#define CFUPGRADE_ENV_H

#include "cfkit/cfkit.h"

#include <jansson.h>
#include <stdbool.h>

enum { CFUPGRADE_FIRST_FD = 3 }; /* where a server finds its sockets */

/* Families of servers that take their sockets in a variable of their own. */
enum cfupgrade_compat {
    CFUPGRADE_NGINX = 1,   /* NGINX=3;4; */
    CFUPGRADE_EINHORN = 2, /* EINHORN_FD_COUNT, EINHORN_FD_0, ... */
    CFUPGRADE_STARTER = 4, /* SERVER_STARTER_PORT=127.0.0.1:80=3;... (start_server) */
    CFUPGRADE_FPM = 8,     /* FPM_SOCKETS=127.0.0.1:9000=3,... (php-fpm) */
};

/* 0 where there is no such family. */
unsigned cfupgrade_compat(const char *name);

/*
 * The address of a socket as people write it: 127.0.0.1:80, [::1]:80, /path, @name;
 * "" for what has none. kind, which may be NULL, receives "tcp", "udp", "unix" or "fd".
 */
enum { CFUPGRADE_ADDRESS_SIZE = 128 };
void cfupgrade_address(int fd, char out[CFUPGRADE_ADDRESS_SIZE], const char **kind);

/*
 * The environment for the server of this generation, NULL-terminated, on the heap; in
 * the values of templates {fdN} and {addrN} are replaced. NULL after the word about it.
 */
char **cfupgrade_env_new(const cfk_upgrade *u, const char *const *templates, size_t count,
                         unsigned compat, uint32_t generation);
void cfupgrade_env_free(char **env);

#endif
