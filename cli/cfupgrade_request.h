/* SPDX-License-Identifier: MIT */
/*
 * What is asked of a running cfupgrade through its control socket: words, each
 * ended by a NUL, then the end of the stream. The first is the version of this
 * format, the second a verb, then come options as on the command line of
 * "cfupgrade ctl"; what follows "--" is a command. Words are bytes, as those of
 * argv are. The answer is one line of JSON.
 */
#ifndef CFUPGRADE_REQUEST_H
#define CFUPGRADE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define CFUPGRADE_REQUEST_VERSION "cfupgrade-1"

/* No request is longer: more than any command line that could be run. */
enum { CFUPGRADE_REQUEST_MAX = 2 * 1024 * 1024, CFUPGRADE_REQUEST_WORDS = 128 * 1024 };

enum cfupgrade_verb {
    CFUPGRADE_UPGRADE,
    CFUPGRADE_STATUS,
    CFUPGRADE_STOP,
    CFUPGRADE_ROLLBACK,
    CFUPGRADE_FDS,
    CFUPGRADE_VERBS,
};

struct cfupgrade_request {
    enum cfupgrade_verb verb;
    bool wait;                  /* answer when the outcome is known */
    bool now;                   /* stop: at once */
    const char **words;         /* all of them; owned */
    const char *const *command; /* NULL-terminated, within words; NULL: none given */
    const char **listens;       /* owned; listen_count of them: the new set of sockets */
    size_t listen_count;
};

/* The number of a verb, or CFUPGRADE_VERBS where there is no such one. */
enum cfupgrade_verb cfupgrade_verb(const char *name);
const char *cfupgrade_verb_name(enum cfupgrade_verb verb);

/*
 * Read a request; its strings stay in data, which must outlive it. NULL, or what is
 * wrong with it, in words; then there is nothing to free.
 */
const char *cfupgrade_request_parse(const char *data, size_t size,
                                    struct cfupgrade_request *out);
void cfupgrade_request_free(struct cfupgrade_request *request);

#endif
