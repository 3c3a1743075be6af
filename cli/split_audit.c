/* SPDX-License-Identifier: MIT */
#include "split_audit.h"
#include "split_common.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool split_audit_fd(struct split_audit *audit, const char *text)
{
    uint64_t fd;

    if (!cli_parse_u64(text, 0, INT_MAX, &fd) || fcntl((int)fd, F_GETFD) < 0)
        return false;
    audit->wanted = true;
    audit->fd = (int)fd;
    return true;
}

static const char *word_of(int what)
{
    static const char *const words[] = {
        [CFK_LOCK_GAVE] = "gave",
        [CFK_LOCK_OPENED] = "opened",
        [CFK_LOCK_SEALED] = "sealed",
        [CFK_LOCK_CHANGED] = "changed",
    };

    return what > 0 && what < (int)(sizeof words / sizeof words[0]) ? words[what]
                                                                    : "other";
}

static json_t *line_of(const cfk_lock *lock, const struct cfk_lock_event *event)
{
    struct cfk_lock_info info = { .size = sizeof info };
    char id[SPLIT_ID_TEXT];
    char when[32];
    time_t now = time(NULL);
    struct tm utc;

    cfk_lock_show(lock, &info, NULL);
    gmtime_r(&now, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_pack("{ss ss sI ss so ss}", "time", when, "lock",
                     split_id_text(info.id, sizeof info.id, id), "generation",
                     (json_int_t)info.generation, "event", word_of(event->what), "person",
                     event->person != NULL
                         ? cli_json_text(event->person, strlen(event->person))
                         : json_null(),
                     "result", cfk_error_name(event->code));
}

/* In one write, so that the lines of several tools do not mix. */
static void write_line(struct split_audit *audit, char *text)
{
    size_t size = strlen(text);
    const char *p = text;

    text[size++] = '\n'; /* in place of the NUL */
    while (size > 0) {
        ssize_t done = write(audit->fd, p, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            audit->cause = errno;
            return;
        }
        p += done;
        size -= (size_t)done;
    }
}

static void tell(void *ctx, const cfk_lock *lock, const struct cfk_lock_event *event)
{
    struct split_audit *audit = ctx;
    json_t *line = line_of(lock, event);
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;

    if (text != NULL)
        write_line(audit, text);
    else
        audit->cause = ENOMEM;
    free(text);
    json_decref(line);
}

void split_audit_attach(struct split_audit *audit, struct cfk_lock_options *options)
{
    if (!audit->wanted)
        return;
    options->audit = tell;
    options->audit_ctx = audit;
}

int split_audit_check(const struct split_audit *audit, struct cfk_error *err)
{
    if (audit->cause == 0)
        return CFK_OK;
    errno = audit->cause;
    return split_fail(err, CFK_E_IO, "the audit", NULL);
}
