/* SPDX-License-Identifier: MIT */
#include "cfupgrade_request.h"

#include <stdlib.h>
#include <string.h>

static const char *const verbs[CFUPGRADE_VERBS] = {
    [CFUPGRADE_UPGRADE] = "upgrade", [CFUPGRADE_STATUS] = "status",
    [CFUPGRADE_STOP] = "stop",       [CFUPGRADE_ROLLBACK] = "rollback",
    [CFUPGRADE_FDS] = "fds",
};

enum cfupgrade_verb cfupgrade_verb(const char *name)
{
    int verb = 0;

    while (verb < CFUPGRADE_VERBS && strcmp(name, verbs[verb]) != 0)
        verb++;
    return (enum cfupgrade_verb)verb;
}

const char *cfupgrade_verb_name(enum cfupgrade_verb verb)
{
    return verbs[verb];
}

/* The words of data in words, which has room for count and a NULL. */
static void split(const char *data, size_t count, const char **words)
{
    for (size_t i = 0; i < count; i++) {
        words[i] = data;
        data += strlen(data) + 1;
    }
    words[count] = NULL;
}

/* One option at words; how many words it takes, 0: there is no such one here. */
static size_t take_option(struct cfupgrade_request *r, const char *const *words)
{
    bool starts = r->verb == CFUPGRADE_UPGRADE || r->verb == CFUPGRADE_ROLLBACK;

    if (strcmp(words[0], "--wait") == 0 && starts) {
        r->wait = true;
        return 1;
    }
    if (strcmp(words[0], "--now") == 0 && r->verb == CFUPGRADE_STOP) {
        r->now = true;
        return 1;
    }
    if (strcmp(words[0], "--listen") == 0 && r->verb == CFUPGRADE_UPGRADE &&
        words[1] != NULL) {
        r->listens[r->listen_count++] = words[1];
        return 2;
    }
    return 0;
}

/* What follows the verb. */
static const char *take_options(struct cfupgrade_request *r, const char *const *words)
{
    while (*words != NULL) {
        size_t taken;

        if (strcmp(*words, "--") == 0) {
            if (r->verb != CFUPGRADE_UPGRADE)
                return "only upgrade takes a command";
            if (words[1] == NULL || words[1][0] == '\0')
                return "no command after --";
            r->command = words + 1;
            return NULL;
        }
        taken = take_option(r, words);
        if (taken == 0)
            return "an option that this verb does not take";
        words += taken;
    }
    return NULL;
}

const char *cfupgrade_request_parse(const char *data, size_t size,
                                    struct cfupgrade_request *out)
{
    struct cfupgrade_request r = { .verb = CFUPGRADE_VERBS };
    const char *wrong;
    size_t count = 0;

    if (size == 0 || size > CFUPGRADE_REQUEST_MAX || data[size - 1] != '\0')
        return "not a request: words that each end in a NUL are wanted";
    for (size_t i = 0; i < size; i++)
        count += data[i] == '\0';
    if (strcmp(data, CFUPGRADE_REQUEST_VERSION) != 0)
        return "another version of the protocol: " CFUPGRADE_REQUEST_VERSION
               " is spoken here";
    if (count < 2 || count > CFUPGRADE_REQUEST_WORDS)
        return count < 2 ? "no verb" : "too many words";
    r.words = malloc((count + 1) * sizeof *r.words);
    r.listens = malloc(count * sizeof *r.listens);
    if (r.words == NULL || r.listens == NULL) {
        cfupgrade_request_free(&r);
        return "no memory for the request";
    }
    split(data, count, r.words);
    r.verb = cfupgrade_verb(r.words[1]);
    wrong = r.verb == CFUPGRADE_VERBS
                ? "no such verb: upgrade, status, stop, rollback and fds are known"
                : take_options(&r, r.words + 2);
    if (wrong != NULL) {
        cfupgrade_request_free(&r);
        return wrong;
    }
    *out = r;
    return NULL;
}

void cfupgrade_request_free(struct cfupgrade_request *request)
{
    free(request->words);
    free(request->listens);
    request->words = request->listens = NULL;
}
