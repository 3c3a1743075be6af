/* SPDX-License-Identifier: MIT */
#include "cfupgrade_setup.h"

#include "common/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_FD = 3 }; /* where a server finds its sockets */

/* [NAME=]ADDRESS[,OPTION...] */
static int open_socket(cfk_upgrade *u, const char *text, struct cfk_error *err)
{
    const char *equals = strchr(text, '=');
    char *copy = strdup(text);
    char *address = copy;
    char *name = NULL;
    char *options;
    int rc;

    if (copy == NULL)
        return cli_error(CFK_E_NOMEM, "no memory for %s", text);
    if (equals != NULL && (size_t)(equals - text) < strcspn(text, ":")) {
        name = copy;
        copy[equals - text] = '\0';
        address = copy + (equals - text) + 1;
    }
    options = strchr(address, ',');
    if (options != NULL)
        *options++ = '\0';
    rc = cfk_upgrade_listen(u, name, address, options, NULL, err);
    free(copy);
    return rc == CFK_OK ? CLI_YES : cli_fail(err);
}

int cfupgrade_open_sockets(cfk_upgrade *u, const struct cfupgrade_options *options)
{
    struct cfk_error err;

    for (size_t i = 0; i < options->listen_count; i++) {
        int status = open_socket(u, options->listens[i], &err);

        if (status != CLI_YES)
            return status;
    }
    if (cfk_upgrade_count(u) == 0)
        return cli_usage("no socket to hold: give --listen");
    return CLI_YES;
}

/* text with {fdN} replaced by the number of a descriptor, on the heap; or NULL. */
static char *expand(const cfk_upgrade *u, const char *text)
{
    char *out = malloc(strlen(text) + 1); /* {fdN} is longer than what takes its place */
    char *p = out;

    while (out != NULL && *text != '\0') {
        char *end;
        unsigned long n;

        if (strncmp(text, "{fd", 3) != 0 || text[3] < '0' || text[3] > '9') {
            *p++ = *text++;
            continue;
        }
        n = strtoul(text + 3, &end, 10);
        if (*end != '}' || n >= cfk_upgrade_count(u)) {
            cli_usage("--env: '%.40s' names no socket of %zu", text,
                      cfk_upgrade_count(u));
            free(out);
            return NULL;
        }
        p += sprintf(p, "%lu", FIRST_FD + n);
        text = end + 1;
    }
    if (out == NULL) {
        cli_error(CFK_E_NOMEM, "no memory for the environment");
        return NULL;
    }
    *p = '\0';
    return out;
}

int cfupgrade_set_env(const cfk_upgrade *u, const struct cfupgrade_options *options)
{
    for (size_t i = 0; i < options->env_count; i++) {
        char *text = expand(u, options->env[i]);
        char *equals = text == NULL ? NULL : strchr(text, '=');
        int rc = -1;

        if (text == NULL)
            return CLI_TROUBLE;
        if (equals != NULL) {
            *equals = '\0';
            rc = setenv(text, equals + 1, 1);
        }
        free(text);
        if (rc != 0)
            return cli_error(CFK_E_NOMEM, "cannot set '%s'", options->env[i]);
    }
    return CLI_YES;
}
