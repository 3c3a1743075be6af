/* SPDX-License-Identifier: MIT */
/*
 * The programs that the tests of upgrade start: the test program itself,
 * called as "TEST --helper MODE [ARGUMENT]"; and what the tests do with them.
 * A helper tells what it sees through the inherited descriptor "report".
 */
#ifndef HELPER_H
#define HELPER_H

#include "cfkit/upgrade.h"

#include <stdbool.h>

/* The path of the running test program. */
const char *helper_program(void);

/*
 * What the kernel has behind each descriptor of a handle, in order, one after the
 * other: "name=socket:[123] ". The same in two processes means the same files.
 */
void describe_all(const cfk_upgrade *u, char *out, size_t size);

/* A handle with a report pipe in it. */
struct subject {
    cfk_upgrade *u;
    int report; /* our end */
    struct cfk_error err;
};

/* opts may be NULL. A first start: the environment is cleared of ours before. */
void subject_new(struct subject *s, const struct cfk_upgrade_options *opts);

/* The same, ready to start others. */
void subject_serving(struct subject *s, const struct cfk_upgrade_options *opts);
void subject_free(struct subject *s);

/* Start a helper; the result of cfk_upgrade_start(). */
int subject_start(struct subject *s, const char *mode, const char *argument);

/* The next event, or a failed test when none comes in a long time. */
struct cfk_upgrade_event subject_event(struct subject *s);

/* The next event is this one, for this reason. Returns it. */
struct cfk_upgrade_event subject_expect(struct subject *s, int type, int reason);

/* No event now. */
void subject_expect_quiet(struct subject *s);

/* The next line that a helper reports, without its newline. Static. */
const char *subject_line(struct subject *s);
void subject_expect_line(struct subject *s, const char *line);

/* Open descriptors of this process; and whether pid runs. */
unsigned open_fds(void);
bool runs(int pid);

/* Whether valgrind runs this, after a visible skip. */
bool skip_under_valgrind(const char *why);

/* A folder of its own for the running test, removed with what is in it at its end. */
const char *scratch_path(const char *name);

/* Whether a file is gone before long. */
bool vanishes(const char *path);

/* Connect to a unix path or "@name", ask, and return the answer (static), or NULL. */
const char *ask_unix(const char *path);

/*
 * Run a helper by fork and exec with fds from 3 on, and env (NAME=VALUE, NULL
 * at the end; LISTEN_PID=self stands for its pid). Returns its report (static).
 */
const char *run_helper(const char *mode, const int *fds, int count,
                       const char *const *env);

#endif
