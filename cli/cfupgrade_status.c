/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* strsignal */

#include "cfupgrade_holder.h"

#include "cfupgrade_command.h"
#include "cfupgrade_env.h"
#include "cfupgrade_time.h"
#include "common/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[] = {
    [CFUPGRADE_FIRST] = "start",
    [CFUPGRADE_BY_UPGRADE] = "upgrade",
    [CFUPGRADE_BY_ROLLBACK] = "rollback",
    [CFUPGRADE_BY_RESTART] = "restart",
};

void cfupgrade_how(const struct cfk_upgrade_event *event, char out[CFUPGRADE_HOW_SIZE])
{
    if (event->reason == CFK_E_PROBATION)
        snprintf(out, CFUPGRADE_HOW_SIZE,
                 event->cause == CFK_E_KILLED
                     ? "was ready, and then was killed by signal %d"
                     : "was ready, and then exited with status %d",
                 event->status);
    else if (event->reason == CFK_E_REJECTED)
        snprintf(out, CFUPGRADE_HOW_SIZE, "gave up (%d)", event->status);
    else if (event->reason == CFK_E_KILLED)
        snprintf(out, CFUPGRADE_HOW_SIZE, "was killed by signal %d (%s)", event->status,
                 strsignal(event->status));
    else if (event->reason == CFK_E_EXITED && event->status >= 0)
        snprintf(out, CFUPGRADE_HOW_SIZE, "exited with status %d", event->status);
    else if (event->reason == CFK_E_TIMEOUT)
        snprintf(out, CFUPGRADE_HOW_SIZE, "was not ready in time");
    else if (event->reason == CFK_E_PROTOCOL)
        snprintf(out, CFUPGRADE_HOW_SIZE, "spoke nonsense");
    else if (event->reason == CFK_E_STOPPED)
        snprintf(out, CFUPGRADE_HOW_SIZE, "was stopped before it was ready");
    else
        snprintf(out, CFUPGRADE_HOW_SIZE, "ended");
}

void cfupgrade_tell(const char *event, json_t *fields)
{
    json_t *line = json_pack("{ss}", "event", event);

    if (line != NULL && fields != NULL)
        json_object_update(line, fields);
    json_decref(fields);
    if (cli_json())
        cli_print_json(line);
    else
        json_decref(line);
    fflush(stdout);
}

json_t *cfupgrade_about(const struct cfk_upgrade_event *event)
{
    json_t *fields = json_pack("{si si}", "generation", (int)event->generation, "pid",
                               (int)event->pid);

    if (event->reason != 0)
        json_object_set_new(fields, "reason", json_string(cfk_error_name(event->reason)));
    if (event->reason == CFK_E_EXITED)
        json_object_set_new(fields, "status", json_integer(event->status));
    if (event->reason == CFK_E_KILLED)
        json_object_set_new(fields, "signal", json_integer(event->status));
    if (event->forced != 0)
        json_object_set_new(fields, "forced", json_true());
    return fields;
}

static json_t *time_json(time_t when)
{
    char text[CFUPGRADE_TIME_SIZE];

    cfupgrade_time_print(when, text);
    return json_string(text);
}

json_t *cfupgrade_outcome(const struct cfupgrade_outcome *outcome)
{
    const char *name = outcome->code == CFK_OK ? "ready" : cfk_error_name(outcome->code);

    return json_pack("{ss ss si so so}", "kind", kinds[outcome->kind], "outcome", name,
                     "generation", (int)outcome->generation, "time",
                     time_json(outcome->when), "message",
                     cli_json_text(outcome->message, strlen(outcome->message)));
}

static const char *state_of(const struct holder *h)
{
    if (h->stopping)
        return "stopping";
    if (h->starting)
        return h->on_probation ? "probation" : h->serving ? "upgrading" : "starting";
    return h->serving ? "serving" : "backing-off";
}

/* Those that run, the latest first. */
static json_t *processes(const struct holder *h)
{
    static const char *const names[] = {
        [CFK_UPGRADE_STARTING] = "starting",   [CFK_UPGRADE_COMMITTING] = "committing",
        [CFK_UPGRADE_PROBATION] = "probation", [CFK_UPGRADE_SERVING] = "serving",
        [CFK_UPGRADE_DRAINING] = "draining",   [CFK_UPGRADE_DYING] = "dying",
    };
    struct cfk_upgrade_child child;
    json_t *list = json_array();

    for (size_t i = 0; cfk_upgrade_get_child(h->u, i, &child, NULL) == CFK_OK; i++)
        json_array_append_new(list, json_pack("{si si ss}", "pid", (int)child.pid,
                                              "generation", (int)child.generation,
                                              "state", names[child.state]));
    return list;
}

json_t *cfupgrade_status(const struct holder *h)
{
    json_t *status = json_pack(
        "{ss si si so so so sI sI sI sI sI}", "state", state_of(h), "generation",
        (int)cfk_upgrade_generation(h->u), "holder", (int)getpid(), "server",
        h->server == 0 ? json_null() : json_integer(h->server), "since",
        h->serving ? time_json(h->since) : json_null(), "command",
        cfupgrade_command_json(h->current), "sockets",
        (json_int_t)cfk_upgrade_count(h->u), "upgrades", (json_int_t)h->upgrades,
        "failures", (json_int_t)h->failures, "restarts", (json_int_t)h->restarts,
        "forced", (json_int_t)h->forced);

    if (status == NULL)
        return NULL;
    json_object_set_new(status, "previous",
                        h->previous == NULL ? json_null()
                                            : cfupgrade_command_json(h->previous));
    json_object_set_new(status, "processes", processes(h));
    json_object_set_new(status, "last",
                        h->last.when == 0 ? json_null() : cfupgrade_outcome(&h->last));
    return status;
}

json_t *cfupgrade_fds(const struct holder *h)
{
    json_t *list = json_array();

    for (size_t i = 0; i < cfk_upgrade_count(h->u); i++) {
        struct cfk_upgrade_entry entry;
        char address[CFUPGRADE_ADDRESS_SIZE];
        const char *kind;

        if (cfk_upgrade_get(h->u, i, &entry, NULL) != CFK_OK)
            break;
        cfupgrade_address(entry.fd, address, &kind);
        json_array_append_new(
            list, json_pack("{si so ss so}", "fd", (int)(CFUPGRADE_FIRST_FD + i), "name",
                            cli_json_text(entry.name, strlen(entry.name)), "kind", kind,
                            "address", cli_json_text(address, strlen(address))));
    }
    return json_pack("{so}", "fds", list);
}
