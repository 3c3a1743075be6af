/* SPDX-License-Identifier: MIT */
#include "cfupgrade_setup.h"

#include "cfupgrade_env.h"
#include "common/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cfupgrade_open_sockets(struct holder *h)
{
    struct cfk_error err;

    if (cfupgrade_sockets_open(&h->sockets, h->u, h->options.listens,
                               h->options.listen_count, &err) != CFK_OK) {
        int status = cli_fail(&err);

        if (err.code == CFK_E_EXISTS || err.sys_errno == EADDRINUSE)
            cli_hint("if a cfupgrade was killed there, its server goes on: end that one "
                     "first");
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
