/* SPDX-License-Identifier: MIT */
/*
 * Upgrades of a web server under load, every way to fail counted by itself, with
 * a server that upgrades itself (tests/unit/upgrade/web.c) and, where it is
 * installed, with nginx under the same client. BENCH_UPGRADES=N of each kind (50).
 */
#define _GNU_SOURCE /* mkdtemp */

#include "chain.h"
#include "gen.h"
#include "harness.h"
#include "load.h"
#include "web.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 20000 };

static char program[4096];
static unsigned long upgrades = 50;

static const struct {
    unsigned rate;
    unsigned keep;
    unsigned pause;
} LOAD = { 2000, 64, 25 };

enum { REST_MS = 50 }; /* between two upgrades */

struct times {
    uint64_t ns[MOST];
    size_t count;
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void note(struct times *t, uint64_t since)
{
    if (t->count < MOST)
        t->ns[t->count++] = bench_now_ns() - since;
}

static void report_times(struct times *t, const char *subject, const char *work)
{
    if (t->count == 0)
        return;
    qsort(t->ns, t->count, sizeof t->ns[0], by_value);
    bench_fact(subject, work, "to the new one ms, median",
               (double)t->ns[t->count / 2] / 1e6);
    bench_fact(subject, work, "to the new one ms, p99",
               (double)t->ns[(t->count - 1) * 99 / 100] / 1e6);
    t->count = 0;
}

static void report(const char *subject, const char *work, const struct load_counts *n)
{
    bench_fact(subject, work, "upgrades", (double)upgrades);
    bench_fact(subject, work, "requests, new", (double)n->requests);
    bench_fact(subject, work, "refused", (double)n->refused);
    bench_fact(subject, work, "reset", (double)n->reset);
    bench_fact(subject, work, "cut", (double)n->cut);
    bench_fact(subject, work, "timeout", (double)n->timeout);
    bench_fact(subject, work, "other", (double)n->other);
    bench_fact(subject, work, "requests, kept", (double)n->kept);
    bench_fact(subject, work, "stale", (double)n->stale);
    bench_fact(subject, work, "slowest ms", (double)n->slowest_ns / 1e6);
}

static void check(bool good, const char *what)
{
    if (good)
        return;
    printf("%s: wrong result\n", what);
    exit(EXIT_FAILURE);
}

/* The argument of "--web": probation, linger, and when to die, in ms. */
static const char *const *server(const char *argument)
{
    static const char *argv[] = { program, "--web", NULL, NULL };

    argv[2] = argument;
    return argv;
}

static void measure_upgrades(const char *work, const char *argument, bool lingers)
{
    struct times *times = calloc(1, sizeof *times);
    struct load_counts counts;
    struct load_options options;
    struct load *load;
    struct chain c;

    if (times == NULL || !bench_wanted(work, "cfkit"))
        goto out;
    check(chain_begin(&c, server(argument)) == 0, work);
    options = (struct load_options){ c.to, LOAD.rate, LOAD.keep, LOAD.pause };
    load = load_start(&options);
    for (unsigned long i = 0; i < upgrades; i++) {
        uint64_t since;

        check(chain_start(&c) == 0, work);
        since = bench_now_ns();
        check(chain_finish(&c) == 0, work);
        note(times, since);
        poll(NULL, 0, REST_MS);
    }
    counts = load_stop(load);
    report("cfkit", work, &counts);
    report_times(times, "cfkit", work);
    check(load_failed(&counts) == 0 && (!lingers || counts.stale == 0), work);
    chain_end(&c);
out:
    free(times);
}

/* New ones that take over and die within the probation: none may be a success. */
static void measure_deaths(void)
{
    static const char work[] = "ready, then dead";
    struct load_options options;
    struct load_counts counts;
    struct load *load;
    struct chain c;
    unsigned long wrong = 0;
    int first;

    if (!bench_wanted(work, "cfkit"))
        return;
    check(chain_begin(&c, server("60000 200 1")) == 0, work);
    first = c.serving;
    options = (struct load_options){ c.to, LOAD.rate, 0, 0 };
    load = load_start(&options);
    for (unsigned long i = 0; i < upgrades; i++) {
        enum chain_word word = CHAIN_STARTED;

        check(chain_start(&c) == 0, work);
        while (word != CHAIN_FAILED && word != CHAIN_REPLACED) {
            word = chain_hear(&c, 60000);
            check(word != CHAIN_SILENCE, work);
        }
        wrong += word == CHAIN_REPLACED;
        c.serving = first;
        poll(NULL, 0, REST_MS / 10);
    }
    counts = load_stop(load);
    report("cfkit", work, &counts);
    bench_fact("cfkit", work, "false successes", (double)wrong);
    check(wrong == 0 && load_failed(&counts) == 0, work);
    chain_end(&c);
}

/* One side is killed at a random instant; what it had accepted is lost, no more. */
static void measure_kills(const char *work, const char *argument,
                          int (*kill_one)(struct chain *c, uint64_t ns))
{
    struct load_options options;
    struct load_counts counts;
    struct load *load;
    struct chain c;
    struct gen g;

    if (!bench_wanted(work, "cfkit"))
        return;
    gen_seed(&g, 42);
    check(chain_begin(&c, server(argument)) == 0, work);
    options = (struct load_options){ c.to, LOAD.rate, 0, 0 };
    load = load_start(&options);
    for (unsigned long i = 0; i < upgrades; i++) {
        check(kill_one(&c, gen_below(&g, 2000000)) == 0, work);
        poll(NULL, 0, REST_MS / 10);
    }
    counts = load_stop(load);
    report("cfkit", work, &counts);
    check(counts.refused == 0 && counts.timeout == 0, work);
    chain_end(&c);
}

/* A free port, for programs that bind it themselves. */
static struct sockaddr_in free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              getsockname(fd, (struct sockaddr *)&at, &size) == 0,
          "no free port");
    close(fd);
    return at;
}

/* Which process answers; 0: none. */
static int who_answers(const struct sockaddr_in *at)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char text[1024];
    size_t len = 0;
    ssize_t got = 0;
    const char *pid;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 &&
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0)
        while ((got = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0)
            len += (size_t)got;
    close(fd);
    text[len] = '\0';
    pid = strstr(text, "pid ");
    return pid == NULL ? 0 : atoi(pid + 4);
}

static void write_nginx_conf(const char *path, int port)
{
    FILE *file = fopen(path, "w");

    check(file != NULL, path);
    fprintf(file,
            "worker_processes 1;\ndaemon off;\npid nginx.pid;\nerror_log stderr crit;\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off; keepalive_requests 1000000;\n"
            "server { listen 127.0.0.1:%d;\n"
            "location / { return 200 \"generation 1 pid $pid\\n\"; } } }\n",
            port);
    fclose(file);
}

static void measure_nginx(void)
{
    static const char work[] = "under load";
    char folder[] = "/tmp/bench-nginx-XXXXXX";
    char conf[64];
    struct times *times = calloc(1, sizeof *times);
    struct load_counts counts;
    struct load_options options = { .rate = LOAD.rate,
                                    .keep = LOAD.keep,
                                    .pause = LOAD.pause };
    struct load *load;
    int serving = 0;
    pid_t master;

    if (times == NULL || !bench_wanted(work, "nginx HUP") ||
        access("/usr/sbin/nginx", X_OK) != 0 || mkdtemp(folder) == NULL)
        goto out;
    options.to = free_port();
    snprintf(conf, sizeof conf, "%s/nginx.conf", folder);
    write_nginx_conf(conf, ntohs(options.to.sin_port));
    master = fork();
    if (master == 0) {
        execl("/usr/sbin/nginx", "nginx", "-p", folder, "-c", conf, "-e", "stderr",
              (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 1000 && serving == 0; i++) {
        poll(NULL, 0, 10);
        serving = who_answers(&options.to);
    }
    check(serving != 0, "nginx does not answer");
    load = load_start(&options);
    for (unsigned long i = 0; i < upgrades; i++) {
        uint64_t since = bench_now_ns();
        int now = serving;

        kill(master, SIGHUP);
        while (now == serving)
            now = who_answers(&options.to);
        serving = now;
        note(times, since);
        poll(NULL, 0, REST_MS);
    }
    counts = load_stop(load);
    report("nginx HUP", work, &counts);
    report_times(times, "nginx HUP", work);
    kill(master, SIGTERM);
    waitpid(master, NULL, 0);
    unlink(conf);
    rmdir(folder);
out:
    free(times);
}

static int web(const char *argument)
{
    const char *again[] = { program, "--web", argument, NULL };
    struct web_options options = { .argv = again, .die_after_ms = -1 };
    unsigned probation = 0;
    unsigned linger = 0;
    int die = 0;

    sscanf(argument, "%u %u %d", &probation, &linger, &die);
    options.probation_ns = probation * (uint64_t)1000000;
    options.linger_ns = linger == 0 ? 1 : linger * (uint64_t)1000000;
    if (die > 0 && getenv("WEB_NEXT") != NULL)
        options.die_after_ms = die;
    setenv("WEB_NEXT", "1", 1);
    return web_serve(&options);
}

int main(int argc, char **argv)
{
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        return 1;
    if (argc == 3 && strcmp(argv[1], "--web") == 0)
        return web(argv[2]);
    if (getenv("BENCH_UPGRADES") != NULL)
        upgrades = strtoul(getenv("BENCH_UPGRADES"), NULL, 10);
    bench_start(argc, argv, "upgrade: under load");
    measure_upgrades("under load", "0 200 0", true);
    measure_upgrades("under load, 20 ms probation", "20 200 0", true);
    measure_upgrades("under load, no linger", "0 0 0", false);
    measure_nginx();
    measure_deaths();
    measure_kills("old killed", "0 200 0", chain_kill_old);
    measure_kills("new killed", "60000 200 0", chain_kill_new);
    return bench_finish();
}
