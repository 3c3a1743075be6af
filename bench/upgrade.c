/* SPDX-License-Identifier: MIT */
/*
 * From cfk_upgrade_start() to the event that the new process serves, and how
 * long start() itself keeps the caller: with a trivial server (this program,
 * called with "--server"), with many descriptors, and in a large process. Beside
 * it what fork() and posix_spawn() cost at the same size.
 */
#define _GNU_SOURCE /* environ, pipe2 */

#include "cfkit/upgrade.h"
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { RUNS = 101 };
static const size_t LARGE = (size_t)512 << 20;

static char program[4096];

static const char *const server[] = { program, "--server", NULL };

struct holder {
    cfk_upgrade *u;
    uint64_t stall[4096];
    size_t runs;
};

static bool wait_for(cfk_upgrade *u, int type)
{
    for (;;) {
        struct pollfd p = { cfk_upgrade_fd(u), POLLIN, 0 };
        struct cfk_upgrade_event event;

        if (cfk_upgrade_process(u, &event, NULL) != CFK_OK)
            return false;
        if (event.type == type)
            return true;
        if (event.type == CFK_UPGRADE_EVENT_FAILED)
            return false;
        if (event.type == CFK_UPGRADE_EVENT_NONE)
            poll(&p, 1, -1);
    }
}

static bool upgrade(void *ctx)
{
    struct holder *h = ctx;
    uint64_t before = bench_now_ns();

    if (cfk_upgrade_start(h->u, server, NULL, NULL) != CFK_OK)
        return false;
    if (h->runs < sizeof h->stall / sizeof h->stall[0])
        h->stall[h->runs++] = bench_now_ns() - before;
    return wait_for(h->u, CFK_UPGRADE_EVENT_READY);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void report_stall(struct holder *h, const char *work)
{
    qsort(h->stall, h->runs, sizeof h->stall[0], by_value);
    if (h->runs > 0) {
        bench_fact("cfkit", work, "stall ns, min", (double)h->stall[0]);
        bench_fact("cfkit", work, "stall ns, median", (double)h->stall[h->runs / 2]);
    }
    h->runs = 0;
}

static void measure(const char *work, int fds)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_HOLDER };
    struct holder *h = calloc(1, sizeof *h);
    struct bench_row row = {
        .subject = "cfkit", .work = work, .units = 1, .run = upgrade
    };

    row.ctx = h;
    if (h == NULL || cfk_upgrade_new(&opts, &h->u, NULL) != CFK_OK)
        abort();
    for (int i = 0; i < fds; i++)
        if (cfk_upgrade_add_fd(h->u, "fd", 0, NULL) != CFK_OK)
            abort();
    bench_run(&row);
    report_stall(h, work);
    cfk_upgrade_stop(h->u, CFK_UPGRADE_NOW, NULL);
    wait_for(h->u, CFK_UPGRADE_EVENT_STOPPED);
    cfk_upgrade_free(h->u);
    free(h);
}

static void stop_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* The time that a caller of fork() or posix_spawn() stands still. */
static void measure_peer(const char *subject, const char *work, bool with_fork)
{
    static uint64_t stall[RUNS];

    for (int i = 0; i < RUNS; i++) {
        uint64_t before = bench_now_ns();
        char name[] = "sleep";
        char arg[] = "10";
        char *argv[] = { name, arg, NULL };
        pid_t pid = -1;

        if (with_fork) {
            pid = fork();
            if (pid == 0) {
                execvp(name, argv);
                _exit(127);
            }
        } else if (posix_spawnp(&pid, name, NULL, NULL, argv, environ) != 0) {
            abort();
        }
        stall[i] = bench_now_ns() - before;
        stop_child(pid);
    }
    qsort(stall, RUNS, sizeof stall[0], by_value);
    bench_fact(subject, work, "stall ns, min", (double)stall[0]);
    bench_fact(subject, work, "stall ns, median", (double)stall[RUNS / 2]);
}

static void serve(void)
{
    cfk_upgrade_notify(NULL, "READY=1", NULL);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    char *large;

    if (argc > 1 && strcmp(argv[1], "--server") == 0)
        serve();
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0 ||
        getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    bench_start(argc, argv, "upgrade: start to ready");
    measure("small process", 1);
    measure_peer("posix_spawn", "small process", false);
    measure_peer("fork, exec", "small process", true);
    measure("1000 descriptors", 1000);
    measure("10000 descriptors", 10000);
    large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (large == MAP_FAILED)
        return 1;
    madvise(large, LARGE, MADV_NOHUGEPAGE);
    memset(large, 1, LARGE);
    measure("512 MiB process", 1);
    measure_peer("posix_spawn", "512 MiB process", false);
    measure_peer("fork, exec", "512 MiB process", true);
    munmap(large, LARGE);
    return bench_finish();
}
