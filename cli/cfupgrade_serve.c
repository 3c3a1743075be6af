/* SPDX-License-Identifier: MIT */
/* What is done about a request that came through the control socket. */
#include "cfupgrade_command.h"
#include "cfupgrade_holder.h"
#include "common/cli.h"

#include <string.h>

static const char *words_of(const struct cfk_error *err)
{
    const char *message = cfk_error_message(err);

    return strncmp(message, "upgrade: ", 9) == 0 ? message + 9 : message;
}

/* Whether an upgrade that cannot be begun is an answer, or trouble. */
static int status_of(int code)
{
    return code == CFK_E_BUSY || code == CFK_E_STATE || code <= CFK_E_EXITED
               ? CLI_NO
               : CLI_TROUBLE;
}

static json_t *failure_of(int code, const struct cfk_error *err)
{
    return cfupgrade_failure(status_of(code), cfk_error_name(code), words_of(err));
}

static int change_sockets(struct holder *h, const struct cfupgrade_request *request,
                          struct cfk_error *err)
{
    if (request->listen_count == 0)
        return CFK_OK;
    return cfupgrade_sockets_change(&h->sockets, h->u, request->listens,
                                    request->listen_count, err);
}

static enum cfupgrade_wait start(struct holder *h,
                                 const struct cfupgrade_request *request,
                                 enum cfupgrade_kind kind, const char *const *command,
                                 json_t **answer)
{
    struct cfk_error err = { .code = CFK_OK };
    const char **copy = cfupgrade_command_copy(command);
    int rc;

    if (copy == NULL) {
        *answer = cfupgrade_failure(CLI_TROUBLE, cfk_error_name(CFK_E_NOMEM),
                                    "no memory for the command");
        return CFUPGRADE_ANSWERED;
    }
    rc = h->starting ? CFK_OK : change_sockets(h, request, &err);
    if (rc == CFK_OK)
        rc = cfupgrade_start(h, kind, copy, &err);
    else
        free(copy);
    if (rc != CFK_OK) {
        if (!h->starting)
            cfupgrade_sockets_restore(&h->sockets, h->u);
        *answer = failure_of(rc, &err);
        return CFUPGRADE_ANSWERED;
    }
    if (request->wait)
        return CFUPGRADE_FOR_OUTCOME;
    *answer = json_pack("{si ss si}", "exit", CLI_YES, "outcome", "started", "generation",
                        (int)cfk_upgrade_generation(h->u) + 1);
    return CFUPGRADE_ANSWERED;
}

enum cfupgrade_wait cfupgrade_serve_request(void *holder,
                                            const struct cfupgrade_request *request,
                                            json_t **answer)
{
    struct holder *h = holder;

    switch (request->verb) {
    case CFUPGRADE_STATUS: *answer = cfupgrade_status(h); break;
    case CFUPGRADE_FDS: *answer = cfupgrade_fds(h); break;
    case CFUPGRADE_UPGRADE:
        return start(h, request, CFUPGRADE_BY_UPGRADE,
                     request->command != NULL ? request->command
                     : h->current != NULL     ? h->current
                                              : h->options.command,
                     answer);
    case CFUPGRADE_ROLLBACK:
        if (h->previous != NULL)
            return start(h, request, CFUPGRADE_BY_ROLLBACK, h->previous, answer);
        *answer = cfupgrade_failure(CLI_NO, cfk_error_name(CFK_E_NOTFOUND),
                                    "nothing ran before what serves now");
        break;
    default: cfupgrade_asked_to_stop(h, request->now); return CFUPGRADE_FOR_STOP;
    }
    return CFUPGRADE_ANSWERED;
}
