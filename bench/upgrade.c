/* SPDX-License-Identifier: MIT */
/*
 * From cfk_upgrade_start() to the event that the new process serves, and how
 * long start() itself keeps the caller: with a trivial server (this program,
 * called with "--server"), with many descriptors, in a large process, and with
 * a state to hand over. Beside it what fork() and posix_spawn() cost at the same
 * size. BENCH_UPGRADES=N is how many upgrades in a row (1,000) have to leave
 * nothing behind, BENCH_GB=N how large the large process is (2).
 */
#define _GNU_SOURCE /* environ, pipe2 */

#include "cfkit/upgrade.h"
#include "harness.h"

#include <dirent.h>
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

enum { RUNS = 101, MOST = 20000 };

static char program[4096];

static const char *const server[] = { program, "--server", NULL };

struct times {
    uint64_t ns[MOST];
    size_t count;
};

struct holder {
    cfk_upgrade *u;
    struct times stall;
    struct times whole;
};

static unsigned long number_from(const char *variable, unsigned long fallback)
{
    const char *text = getenv(variable);

    return text == NULL ? fallback : strtoul(text, NULL, 10);
}

static void note(struct times *t, uint64_t ns)
{
    if (t->count < MOST)
        t->ns[t->count++] = ns;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void report(struct times *t, const char *subject, const char *work,
                   const char *what)
{
    static const struct {
        const char *name;
        unsigned percent;
    } points[] = { { "min", 0 }, { "median", 50 }, { "p99", 99 } };

    if (t->count == 0)
        return;
    qsort(t->ns, t->count, sizeof t->ns[0], by_value);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        char label[64];

        snprintf(label, sizeof label, "%s us, %s", what, points[i].name);
        bench_fact(subject, work, label,
                   (double)t->ns[(t->count - 1) * points[i].percent / 100] / 1e3);
    }
    t->count = 0;
}

static bool wait_for(cfk_upgrade *u, int type)
{
    struct cfk_upgrade_event event;

    do {
        if (cfk_upgrade_wait(u, 60000000000, &event, NULL) != CFK_OK ||
            event.type == CFK_UPGRADE_EVENT_NONE ||
            event.type == CFK_UPGRADE_EVENT_FAILED)
            return false;
    } while (event.type != type);
    return true;
}

static bool upgrade(void *ctx)
{
    struct holder *h = ctx;
    uint64_t before = bench_now_ns();
    bool ok;

    if (cfk_upgrade_start(h->u, server, NULL, NULL) != CFK_OK)
        return false;
    note(&h->stall, bench_now_ns() - before);
    ok = wait_for(h->u, CFK_UPGRADE_EVENT_READY);
    note(&h->whole, bench_now_ns() - before);
    /* The former one has ended before the next begins: its end costs nobody. */
    if (cfk_upgrade_generation(h->u) > 1 && ok)
        ok = wait_for(h->u, CFK_UPGRADE_EVENT_DRAINED);
    return ok;
}

static struct holder *open_holder(int fds, size_t state)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .flags = CFK_UPGRADE_HOLDER };
    struct holder *h = calloc(1, sizeof *h);
    void *data = calloc(1, state + 1);

    if (h == NULL || data == NULL || cfk_upgrade_new(&opts, &h->u, NULL) != CFK_OK)
        abort();
    for (int i = 0; i < fds; i++)
        if (cfk_upgrade_add_fd(h->u, "fd", 0, NULL) != CFK_OK)
            abort();
    if (state > 0 && cfk_upgrade_state_set(h->u, 1, data, state, NULL) != CFK_OK)
        abort();
    free(data);
    return h;
}

static void close_holder(struct holder *h)
{
    cfk_upgrade_stop(h->u, CFK_UPGRADE_NOW, NULL);
    wait_for(h->u, CFK_UPGRADE_EVENT_STOPPED);
    cfk_upgrade_free(h->u);
    free(h);
}

static void measure(const char *work, int fds, size_t state)
{
    struct bench_row row = {
        .subject = "cfkit", .work = work, .units = 1, .run = upgrade
    };
    struct holder *h;

    if (!bench_wanted(work, "cfkit"))
        return;
    h = open_holder(fds, state);
    row.ctx = h;
    bench_run(&row);
    report(&h->whole, "cfkit", work, "start to serving");
    report(&h->stall, "cfkit", work, "stall");
    close_holder(h);
}

static unsigned open_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

/* Of this process alone, in KiB: pages that are in memory now. */
static unsigned long rss_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

static void measure_many(unsigned long count)
{
    static const char work[] = "many in a row";
    struct holder *h;
    unsigned long rss;
    unsigned fds;
    uint64_t start;

    if (!bench_wanted(work, "cfkit"))
        return;
    h = open_holder(1, 0);
    memset(&h->stall, 1, sizeof h->stall); /* in memory from the beginning */
    memset(&h->whole, 1, sizeof h->whole);
    h->stall.count = h->whole.count = 0;
    for (int i = 0; i < 100; i++)
        if (!upgrade(h))
            abort();
    h->stall.count = h->whole.count = 0;
    fds = open_fds();
    rss = rss_kib();
    start = bench_now_ns();
    for (unsigned long i = 0; i < count; i++)
        if (!upgrade(h))
            abort();
    bench_fact("cfkit", work, "upgrades", (double)count);
    bench_fact("cfkit", work, "seconds", (double)(bench_now_ns() - start) / 1e9);
    bench_fact("cfkit", work, "descriptors more", (double)open_fds() - fds);
    bench_fact("cfkit", work, "KiB more", (double)rss_kib() - (double)rss);
    report(&h->whole, "cfkit", work, "start to serving");
    report(&h->stall, "cfkit", work, "stall");
    close_holder(h);
    bench_fact("cfkit", work, "children left", waitpid(-1, NULL, WNOHANG) >= 0);
}

static void stop_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* The time that a caller of fork() or posix_spawn() stands still. */
static void measure_peer(const char *subject, const char *work, bool with_fork)
{
    struct times *stall = calloc(1, sizeof *stall);

    if (stall == NULL)
        abort();
    for (int i = 0; i < RUNS && bench_wanted(work, subject); i++) {
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
        note(stall, bench_now_ns() - before);
        stop_child(pid);
    }
    report(stall, subject, work, "stall");
    free(stall);
}

static void measure_size(size_t bytes, const char *work)
{
    char *large;

    if (!bench_wanted(work, "cfkit"))
        return;
    large = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (large == MAP_FAILED)
        abort();
    madvise(large, bytes, MADV_NOHUGEPAGE);
    memset(large, 1, bytes);
    measure(work, 1, 0);
    measure_peer("posix_spawn", work, false);
    measure_peer("fork, exec", work, true);
    munmap(large, bytes);
}

static void serve(void)
{
    cfk_upgrade_notify(NULL, "READY=1", NULL);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    unsigned long gb = number_from("BENCH_GB", 2);
    struct rlimit limit;
    char work[32];

    if (argc > 1 && strcmp(argv[1], "--server") == 0)
        serve();
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0 ||
        getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    bench_start(argc, argv, "upgrade: start to ready");
    measure_size((size_t)10 << 20, "10 MiB process");
    snprintf(work, sizeof work, "%lu GiB process", gb);
    measure_size((size_t)gb << 30, work);
    measure("1000 descriptors", 1000, 0);
    measure("10000 descriptors", 10000, 0);
    measure("state of 64 MiB", 1, (size_t)64 << 20);
    measure_many(number_from("BENCH_UPGRADES", 1000));
    return bench_finish();
}
