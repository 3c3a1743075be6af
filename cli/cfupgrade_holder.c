/* SPDX-License-Identifier: MIT */
/* What happens to servers, and what is done about it. */
#define _GNU_SOURCE /* getrandom */

#include "cfupgrade_holder.h"

#include "cfupgrade_command.h"
#include "cfupgrade_env.h"
#include "cfupgrade_time.h"
#include "common/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const uint64_t MILLISECOND = 1000000;

enum {
    BACK_OFF_FIRST_MS = 100,
    BACK_OFF_MOST_MS = 30000, /* a server that served so long has no crash loop */
};

/* "no upgrade: upgrade: ..." would be one too many. */
static const char *words_of(const struct cfk_error *err)
{
    const char *message = cfk_error_message(err);

    return strncmp(message, "upgrade: ", 9) == 0 ? message + 9 : message;
}

static void keep_outcome(struct holder *h, uint32_t generation, int code,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

static void keep_outcome(struct holder *h, uint32_t generation, int code,
                         const char *format, ...)
{
    va_list args;

    h->last = (struct cfupgrade_outcome){
        .kind = h->kind, .generation = generation, .code = code, .when = time(NULL)
    };
    va_start(args, format);
    vsnprintf(h->last.message, sizeof h->last.message, format, args);
    va_end(args);
    if (code != CFK_OK)
        h->failures++;
}

/* Those who wait for it hear of it. */
static void answer_outcome(struct holder *h)
{
    bool good = h->last.code == CFK_OK;
    json_t *answer =
        good ? cfupgrade_outcome(&h->last)
             : cfupgrade_failure(CLI_NO, cfk_error_name(h->last.code), h->last.message);

    json_object_set_new(answer, "exit", json_integer(good ? CLI_YES : CLI_NO));
    cfupgrade_control_answer(&h->control, CFUPGRADE_FOR_OUTCOME, answer);
    json_decref(answer);
}

static void tell_status(const struct holder *h)
{
    if (h->serving)
        cfupgrade_manager_status(&h->manager, "generation %u serves (pid %d)",
                                 cfk_upgrade_generation(h->u), (int)h->server);
    else
        cfupgrade_manager_status(&h->manager, "no server runs");
}

/* Nothing is starting any more. */
static void start_is_over(struct holder *h)
{
    h->starting = h->on_probation = false;
    cfupgrade_probe_end(&h->probe);
}

void cfupgrade_stop(struct holder *h, bool now)
{
    struct cfk_error err;

    if (!h->stopping)
        cfupgrade_manager_stopping(&h->manager);
    h->stopping = true;
    h->restart_ns = 0;
    if (cfk_upgrade_stop(h->u,
                         (now ? (uint32_t)CFK_UPGRADE_NOW : 0) |
                             (h->manager.store ? (uint32_t)CFK_UPGRADE_KEEP_PATHS : 0),
                         &err) != CFK_OK)
        cli_fail(&err);
}

void cfupgrade_asked_to_stop(struct holder *h, bool now)
{
    cli_note(now ? "stopping now" : "stopping");
    if (!h->stopping)
        h->status = CLI_YES;
    cfupgrade_stop(h, now);
}

/* Waits longer after each crash, and not as long as others do. */
static uint64_t back_off_ns(unsigned crashes)
{
    uint64_t ms = BACK_OFF_FIRST_MS;
    uint8_t jitter = 128;

    for (unsigned i = 1; i < crashes && ms < BACK_OFF_MOST_MS; i++)
        ms *= 2;
    if (ms > BACK_OFF_MOST_MS)
        ms = BACK_OFF_MOST_MS;
    if (getrandom(&jitter, sizeof jitter, GRND_NONBLOCK) != (ssize_t)sizeof jitter)
        jitter = 128;
    return ms * MILLISECOND * (384u + jitter) / 512; /* 3/4 to 5/4 of it */
}

static void restart_later(struct holder *h)
{
    uint64_t wait_ns;

    h->crashes++;
    wait_ns = back_off_ns(h->crashes);
    h->restart_ns = cfupgrade_monotonic_ns() + wait_ns;
    cli_note("a new start in %.1f s", (double)wait_ns / 1e9);
    cfupgrade_tell("backing-off", json_pack("{sf}", "seconds", (double)wait_ns / 1e9));
    tell_status(h);
}

int cfupgrade_start(struct holder *h, enum cfupgrade_kind kind, const char **command,
                    struct cfk_error *err)
{
    const struct cfupgrade_options *o = &h->options;
    char **env = cfupgrade_env_new(h->u, o->env, o->env_count, o->compat,
                                   cfk_upgrade_generation(h->u) + 1);
    union {
        char **in;
        const char *const *out;
    } strings = { env };
    int rc;

    *err = (struct cfk_error){
        .code = CFK_E_INVALID,
        .message = "no environment for the server: --env names a socket that is not there"
    };
    rc = CFK_E_INVALID;
    if (env != NULL)
        rc = cfk_upgrade_start(h->u, command, strings.out, err);
    cfupgrade_env_free(env);
    if (rc != CFK_OK) {
        if (rc == CFK_E_EXEC) { /* it got as far as that */
            h->kind = kind;
            keep_outcome(h, cfk_upgrade_generation(h->u) + 1, rc, "%s", words_of(err));
        }
        free(command);
        return rc;
    }
    h->pending = command;
    h->kind = kind;
    h->starting = true;
    h->restart_ns = 0;
    cfupgrade_probe_begin(&h->probe, cfupgrade_monotonic_ns());
    cli_detail("starting %s as generation %u", command[0],
               cfk_upgrade_generation(h->u) + 1);
    if (h->serving)
        cfupgrade_manager_reloading(&h->manager);
    return CFK_OK;
}

/* The command that a start without a new one runs. */
static const char **own_command(const struct holder *h)
{
    return cfupgrade_command_copy(h->current != NULL ? h->current : h->options.command);
}

void cfupgrade_begin(struct holder *h)
{
    const char **command = own_command(h);
    struct cfk_error err = { .code = CFK_E_NOMEM, .message = "no memory" };

    if (command == NULL || cfupgrade_start(h, CFUPGRADE_FIRST, command, &err) != CFK_OK) {
        h->status = cli_fail(&err);
        cfupgrade_stop(h, false);
    }
}

void cfupgrade_resumed(const struct holder *h)
{
    cli_note("cfupgrade %s goes on, generation %u serves", cfk_version(),
             cfk_upgrade_generation(h->u));
    cfupgrade_tell("resumed",
                   json_pack("{si ss}", "generation", (int)cfk_upgrade_generation(h->u),
                             "version", cfk_version()));
    tell_status(h);
}

void cfupgrade_again(struct holder *h)
{
    const char **command = own_command(h);
    struct cfk_error err = { .code = CFK_E_NOMEM, .message = "no memory" };

    if (command != NULL &&
        cfupgrade_start(h, h->serving ? CFUPGRADE_BY_UPGRADE : CFUPGRADE_BY_RESTART,
                        command, &err) == CFK_OK)
        return;
    cli_warn("no upgrade: %s", words_of(&err));
    cfupgrade_tell("failed", json_pack("{ss ss}", "reason", cfk_error_name(err.code),
                                       "message", words_of(&err)));
}

static void restart_due(struct holder *h, uint64_t now_ns)
{
    const char **command;
    struct cfk_error err = { .code = CFK_E_NOMEM, .message = "no memory" };

    if (h->restart_ns == 0 || now_ns < h->restart_ns)
        return;
    h->restart_ns = 0;
    h->restarts++;
    command = own_command(h);
    if (command != NULL &&
        cfupgrade_start(h, CFUPGRADE_BY_RESTART, command, &err) == CFK_OK)
        return;
    cli_warn("no restart: %s", words_of(&err));
    restart_later(h);
}

void cfupgrade_confirm(struct holder *h)
{
    cfupgrade_probe_end(&h->probe);
    cfk_upgrade_confirm(h->u, NULL); /* whether it still lives is seen there */
}

static void probe_due(struct holder *h, uint64_t now_ns)
{
    const struct cfupgrade_options *o = &h->options;
    char **env;

    if (!h->starting || now_ns < h->probe.next_ns)
        return;
    env = cfupgrade_env_new(h->u, o->env, o->env_count, o->compat,
                            cfk_upgrade_generation(h->u) + 1);
    if (env != NULL && cfupgrade_probe_due(&h->probe, h->u, now_ns, env))
        cfupgrade_confirm(h);
    cfupgrade_env_free(env);
}

void cfupgrade_due(struct holder *h, uint64_t now_ns)
{
    restart_due(h, now_ns);
    probe_due(h, now_ns);
}

static void on_probation(struct holder *h, const struct cfk_upgrade_event *event)
{
    h->on_probation = true;
    cfupgrade_probe_end(&h->probe);
    cli_detail("generation %u is ready (pid %d), on probation", event->generation,
               event->pid);
    cfupgrade_tell("probation", cfupgrade_about(event));
}

/* What a server says beside READY=1: of that, this is for whoever watches us. */
static void on_notified(const struct holder *h)
{
    const char *line = cfk_upgrade_notification(h->u);

    while (*line != '\0') {
        size_t len = strcspn(line, "\n");

        if (strncmp(line, "STATUS=", 7) == 0)
            cfupgrade_manager_status(&h->manager, "%.*s", (int)len - 7, line + 7);
        else if (strncmp(line, "EXTEND_TIMEOUT_USEC=", 20) == 0)
            cfupgrade_manager_extend(&h->manager, line, len);
        line += len + (line[len] == '\n');
    }
}

/* The server runs on the new set of sockets, where it was given one. */
static void keep_sockets(struct holder *h)
{
    const struct cfupgrade_sockets *s = &h->sockets;

    for (size_t i = 0; s->changing && i < s->former_count; i++)
        cfupgrade_manager_forget(&h->manager, s->former[i].name);
    cfupgrade_sockets_keep(&h->sockets);
    cfupgrade_manager_keep(&h->manager, h->u);
}

static void on_ready(struct holder *h, const struct cfk_upgrade_event *event)
{
    struct cfk_error err;

    if (h->current != NULL && h->kind != CFUPGRADE_BY_RESTART) {
        free(h->previous);
        h->previous = h->current;
    } else {
        free(h->current);
    }
    h->current = h->pending;
    h->pending = NULL;
    h->upgrades += h->kind == CFUPGRADE_BY_UPGRADE || h->kind == CFUPGRADE_BY_ROLLBACK;
    start_is_over(h);
    h->serving = h->served = true;
    h->status = CLI_YES;
    h->server = event->pid;
    h->since = time(NULL);
    h->since_ns = cfupgrade_monotonic_ns();
    keep_outcome(h, event->generation, CFK_OK, "generation %u serves (pid %d)",
                 event->generation, event->pid);
    keep_sockets(h);
    cli_note("%s", h->last.message);
    cfupgrade_tell("ready", cfupgrade_about(event));
    /* Whoever started cfupgrade may be waiting for this. */
    if (h->kind != CFUPGRADE_FIRST)
        cfupgrade_manager_ready(&h->manager);
    else if (cfk_upgrade_ready(h->u, &err) != CFK_OK)
        cli_warn("%s", words_of(&err));
    tell_status(h);
    answer_outcome(h);
}

static void on_failed(struct holder *h, const struct cfk_upgrade_event *event)
{
    char how[CFUPGRADE_HOW_SIZE];

    start_is_over(h);
    cfupgrade_sockets_restore(&h->sockets, h->u);
    free(h->pending);
    h->pending = NULL;
    cfupgrade_how(event, how);
    cfupgrade_tell("failed", cfupgrade_about(event));
    keep_outcome(h, event->generation, event->reason, "generation %u %s",
                 event->generation, how);
    answer_outcome(h);
    if (h->stopping)
        return;
    if (h->serving) {
        cli_warn("generation %u %s; generation %u goes on", event->generation, how,
                 cfk_upgrade_generation(h->u));
        cfupgrade_manager_ready(&h->manager);
        return;
    }
    cli_warn("the server %s before it was ready", how);
    if (h->options.restart && h->served) {
        restart_later(h);
        return;
    }
    if (h->status == CLI_YES)
        h->status = CLI_NO;
    cfupgrade_stop(h, false);
}

static int exit_status(const struct cfk_upgrade_event *event)
{
    if (event->status < 0)
        return CLI_TROUBLE;
    return event->reason == CFK_E_KILLED ? 128 + event->status : event->status;
}

/*
 * The server ended by itself: so do we, unless the next one is on its way or it is to
 * be restarted.
 */
static void on_exited(struct holder *h, const struct cfk_upgrade_event *event)
{
    char how[CFUPGRADE_HOW_SIZE];

    cfupgrade_how(event, how);
    h->serving = false;
    h->server = 0;
    h->status = exit_status(event);
    cli_warn("generation %u %s", event->generation, how);
    cfupgrade_tell("exited", cfupgrade_about(event));
    if (cfupgrade_monotonic_ns() - h->since_ns >= BACK_OFF_MOST_MS * MILLISECOND)
        h->crashes = 0;
    if (h->starting || h->stopping)
        return;
    if (h->options.restart)
        restart_later(h);
    else
        cfupgrade_stop(h, false);
}

static void on_drained(struct holder *h, const struct cfk_upgrade_event *event)
{
    char how[CFUPGRADE_HOW_SIZE];

    cfupgrade_how(event, how);
    if (event->forced != 0) {
        h->forced++;
        cli_warn("generation %u did not end in time and was killed", event->generation);
    } else {
        cli_note("generation %u %s", event->generation, how);
    }
    if (event->pid == h->server) {
        h->serving = false;
        h->server = 0;
    }
    cfupgrade_tell("drained", cfupgrade_about(event));
}

static void on_stopped(struct holder *h)
{
    json_t *answer = json_pack("{si ss si}", "exit", CLI_YES, "outcome", "stopped",
                               "forced", (int)h->forced);

    cfupgrade_tell("stopped", json_object());
    cfupgrade_control_answer(&h->control, CFUPGRADE_FOR_STOP, answer);
    json_decref(answer);
    h->finished = true;
}

bool cfupgrade_process(struct holder *h)
{
    struct cfk_upgrade_event event;
    struct cfk_error err;

    do {
        if (cfk_upgrade_process(h->u, &event, &err) != CFK_OK) {
            h->status = cli_fail(&err);
            return false;
        }
        switch (event.type) {
        case CFK_UPGRADE_EVENT_READY: on_ready(h, &event); break;
        case CFK_UPGRADE_EVENT_PROBATION: on_probation(h, &event); break;
        case CFK_UPGRADE_EVENT_NOTIFIED: on_notified(h); break;
        case CFK_UPGRADE_EVENT_FAILED: on_failed(h, &event); break;
        case CFK_UPGRADE_EVENT_EXITED: on_exited(h, &event); break;
        case CFK_UPGRADE_EVENT_DRAINED: on_drained(h, &event); break;
        case CFK_UPGRADE_EVENT_STOPPED: on_stopped(h); break;
        default: break; /* COMMITTED and PARENT_GONE change nothing here */
        }
    } while (event.type != CFK_UPGRADE_EVENT_NONE);
    return true;
}
