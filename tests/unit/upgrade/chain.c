/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2 */

#include "chain.h"

#include "cfkit/upgrade.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONG_MS = 60000 };

enum chain_word chain_hear(struct chain *c, int timeout_ms)
{
    struct pollfd p = { .fd = c->report, .events = POLLIN };
    char line[128];
    size_t len = 0;

    if (poll(&p, 1, timeout_ms) != 1)
        return CHAIN_SILENCE;
    while (len < sizeof line - 1 && read(c->report, line + len, 1) == 1 &&
           line[len] != '\n')
        len++;
    line[len] = '\0';
    if (sscanf(line, "serving %u %d", &c->generation, &c->serving) == 2)
        return CHAIN_SERVING;
    if (sscanf(line, "started %d", &c->started) == 1)
        return CHAIN_STARTED;
    if (strncmp(line, "refused", 7) == 0)
        return CHAIN_REFUSED;
    if (strncmp(line, "failed", 6) == 0)
        return CHAIN_FAILED;
    if (strncmp(line, "resumed", 7) == 0)
        return CHAIN_RESUMED;
    return strncmp(line, "replaced", 8) == 0 ? CHAIN_REPLACED : CHAIN_SILENCE;
}

/* Hand the sockets to the first server and let go of them. */
static int hand_over(cfk_upgrade *u, const char *const *argv)
{
    struct cfk_upgrade_event event;

    if (cfk_upgrade_ready(u, NULL) != CFK_OK ||
        cfk_upgrade_wait(u, 0, &event, NULL) != CFK_OK ||
        cfk_upgrade_start(u, argv, NULL, NULL) != CFK_OK ||
        cfk_upgrade_wait(u, LONG_MS * (uint64_t)1000000, &event, NULL) != CFK_OK)
        return -1;
    return event.type == CFK_UPGRADE_EVENT_READY ? 0 : -1;
}

int chain_begin(struct chain *c, const char *const *argv)
{
    socklen_t size = sizeof c->to;
    cfk_upgrade *u = NULL;
    int listener = -1;
    int ends[2];
    int rc = -1;

    *c = (struct chain){ .report = -1 };
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* we reap the orphans */
    if (cfk_upgrade_new(NULL, &u, NULL) != CFK_OK || pipe2(ends, O_CLOEXEC) != 0)
        goto out;
    c->report = ends[0];
    if (cfk_upgrade_listen(u, "web", "tcp:127.0.0.1:0", NULL, &listener, NULL) ==
            CFK_OK &&
        getsockname(listener, (struct sockaddr *)&c->to, &size) == 0 &&
        cfk_upgrade_add_fd(u, "report", ends[1], NULL) == CFK_OK)
        rc = hand_over(u, argv);
    close(ends[1]);
    if (listener >= 0)
        close(listener);
out:
    cfk_upgrade_free(u);
    return rc == 0 && chain_hear(c, LONG_MS) == CHAIN_SERVING ? 0 : -1;
}

unsigned chain_reap(void)
{
    unsigned left = 0;
    char path[64];
    FILE *file;
    int pid;

    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "r");
    while (file != NULL && fscanf(file, "%d", &pid) == 1)
        left++;
    if (file != NULL)
        fclose(file);
    return left;
}

void chain_end(struct chain *c)
{
    kill(c->serving, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    close(c->report);
}

int chain_start(struct chain *c)
{
    for (int tries = 0; tries < LONG_MS; tries++) {
        enum chain_word word;

        chain_reap();
        kill(c->serving, SIGHUP);
        do {
            word = chain_hear(c, LONG_MS);
        } while (word == CHAIN_REPLACED || word == CHAIN_RESUMED);
        if (word != CHAIN_REFUSED)
            return word == CHAIN_STARTED ? 0 : -1;
        poll(NULL, 0, 1);
    }
    return -1;
}

int chain_finish(struct chain *c)
{
    int serving = 0;
    int replaced = 0;

    while (serving == 0 || replaced == 0) {
        enum chain_word word = chain_hear(c, LONG_MS);

        serving |= word == CHAIN_SERVING;
        replaced |= word == CHAIN_REPLACED;
        if (word == CHAIN_FAILED || word == CHAIN_SILENCE)
            return -1;
    }
    return 0;
}

int chain_upgrade(struct chain *c)
{
    return chain_start(c) != 0 ? -1 : chain_finish(c);
}

static void rest(uint64_t ns)
{
    const struct timespec t = { .tv_nsec = (long)ns };

    nanosleep(&t, NULL);
}

int chain_kill_old(struct chain *c, uint64_t ns)
{
    if (chain_start(c) != 0)
        return -1;
    rest(ns);
    kill(c->serving, SIGKILL);
    while (c->serving != c->started)
        if (chain_hear(c, LONG_MS) == CHAIN_SILENCE)
            return -1;
    return 0;
}

int chain_kill_new(struct chain *c, uint64_t ns)
{
    int old = c->serving;
    uint32_t generation = c->generation;

    if (chain_start(c) != 0)
        return -1;
    rest(ns);
    kill(c->started, SIGKILL);
    for (;;) {
        enum chain_word word = chain_hear(c, LONG_MS);

        if (word == CHAIN_SILENCE || word == CHAIN_REPLACED)
            return -1;
        if (word == CHAIN_FAILED)
            break;
    }
    /* Even if the new one has said "serving". */
    c->serving = old;
    c->generation = generation;
    return 0;
}
