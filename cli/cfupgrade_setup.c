/* SPDX-License-Identifier: MIT */
#include "cfupgrade_setup.h"

#include "cfupgrade_env.h"
#include "common/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int cfupgrade_open_sockets(struct holder *h)
{
    struct cfk_error err;

    for (size_t i = 0; i < h->options.listen_count; i++) {
        int status = open_socket(h->u, h->options.listens[i], &err);

        if (status != CLI_YES)
            return status;
    }
    if (cfk_upgrade_count(h->u) == 0)
        return cli_usage("no socket to hold: give --listen");
    if (h->options.connect && !cfupgrade_probe_possible(h->u))
        return cli_usage("--ready connect: there is no socket that takes connections");
    return CLI_YES;
}

int cfupgrade_open_control(struct holder *h)
{
    const char *path = h->options.control;
    char address[128];
    struct cfk_error err;

    if (path == NULL)
        return CLI_YES;
    if (snprintf(address, sizeof address, "unix:%s", path) >= (int)sizeof address)
        return cli_usage("--control: '%s' is too long for a socket", path);
    if (cfk_upgrade_new(NULL, &h->control_u, &err) != CFK_OK ||
        cfk_upgrade_listen(h->control_u, "control", address,
                           path[0] == '@' ? NULL : "mode=0600", &h->control.listener,
                           &err) != CFK_OK)
        return cli_fail(&err);
    return CLI_YES;
}

int cfupgrade_check_env(const struct holder *h)
{
    char **env = cfupgrade_env_new(h->u, h->options.env, h->options.env_count,
                                   h->options.compat, 1);

    if (env == NULL)
        return CLI_TROUBLE;
    cfupgrade_env_free(env);
    return CLI_YES;
}
