/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MSG_NOSIGNAL, accept4 */

#include "helper.h"

#include "cfkit/sd.h"
#include "upgrade/protocol.h"
#include "web.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int report_fd = -1;

static void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void report(const char *format, ...)
{
    char line[1024];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    line[len++] = '\n';
    if (write(report_fd, line, (size_t)len) != len)
        _exit(99);
}

/* Where "report" stands in LISTEN_FDNAMES; else the last descriptor passed. */
static void find_report(void)
{
    const char *names = getenv("LISTEN_FDNAMES");
    const char *count = getenv("LISTEN_FDS");

    report_fd = count != NULL ? 2 + atoi(count) : 2;
    for (int fd = 3; names != NULL && *names != '\0'; fd++) {
        size_t len = strcspn(names, ":");

        if (len == 6 && memcmp(names, "report", 6) == 0)
            report_fd = fd;
        names += len + (names[len] == ':');
    }
}

static void report_fds(void)
{
    char line[512] = "fds";

    for (int fd = 0; fd < 200000; fd++) {
        size_t len = strlen(line);
        int flags = fcntl(fd, F_GETFD);

        if (flags >= 0 && len + 16 < sizeof line)
            snprintf(line + len, sizeof line - len, " %d%s", fd,
                     (flags & FD_CLOEXEC) != 0 ? "c" : "");
        if (fd > 4096 && flags < 0)
            fd += 97;
    }
    report("%s", line);
}

static void report_environment(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *names = getenv("LISTEN_FDNAMES");

    report("pid %s", pid != NULL && atoi(pid) == (int)getpid() ? "mine" : "wrong");
    report("names %.900s", names == NULL ? "none" : names);
    report("notify %c", getenv("NOTIFY_SOCKET") == NULL ? '-' : *getenv("NOTIFY_SOCKET"));
    report("watchdog %s", getenv("WATCHDOG_USEC") == NULL ? "none" : "there");
    report("own %s", getenv("OWN") == NULL ? "none" : getenv("OWN"));
}

static void report_signals(void)
{
    struct sigaction action;
    sigset_t mask;
    int odd = 0;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int sig = 1; sig < 32; sig++) {
        odd += sigismember(&mask, sig) == 1;
        odd += sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
    report("odd signals %d", odd);
}

static void report_handle(const cfk_upgrade *u)
{
    char names[512] = "";
    struct cfk_upgrade_entry entry;

    for (size_t i = 0; cfk_upgrade_get(u, i, &entry, NULL) == CFK_OK; i++) {
        size_t len = strlen(names);

        if (len + strlen(entry.name) + 8 < sizeof names)
            snprintf(names + len, sizeof names - len, " %s=%d%s", entry.name, entry.fd,
                     (fcntl(entry.fd, F_GETFD) & FD_CLOEXEC) != 0 ? "c" : "");
    }
    report("handle generation %u parent %d count %zu%s", cfk_upgrade_generation(u),
           cfk_upgrade_has_parent(u), cfk_upgrade_count(u), names);
}

static void answer(int listener, uint32_t generation)
{
    char text[64];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int len =
        snprintf(text, sizeof text, "generation %u pid %d", generation, (int)getpid());

    if (fd < 0)
        return;
    send(fd, text, (size_t)len, MSG_NOSIGNAL);
    close(fd);
}

static void report_state(cfk_upgrade *u)
{
    const void *data;
    uint32_t version;
    uint32_t sum = 0;
    size_t size;
    int rc = cfk_upgrade_state_get(u, &version, &data, &size, NULL);

    if (rc != CFK_OK) {
        report("state %s", cfk_error_name(rc));
        return;
    }
    for (size_t i = 0; i < size; i += i < 4096 ? 1 : 4096)
        sum = sum * 31 + ((const uint8_t *)data)[i];
    report("state version %u size %zu sum %08x", version, size, sum);
}

/* What the event COMMITTED leads to, by the argument of the server. */
static void on_committed(cfk_upgrade *u, const char *argument)
{
    const char *own[] = { helper_program(), "--helper", "hang", NULL };

    report("committed count %zu", cfk_upgrade_count(u));
    if (strcmp(argument, "state") == 0)
        report_state(u);
    if (strcmp(argument, "die") == 0) {
        poll(NULL, 0, 20); /* time for the other to hear that this one serves */
        _exit(3);
    }
    if (strcmp(argument, "reject-late") == 0)
        cfk_upgrade_reject(u, 7, NULL);
    if (strcmp(argument, "tell") == 0) {
        uint64_t ns = 0;

        cfk_sd_watchdog(&ns, NULL);
        report("watchdog %llu tell %s", (unsigned long long)ns,
               cfk_error_name(cfk_upgrade_tell(u, "STATUS=new", NULL)));
    }
    if (strcmp(argument, "stop") == 0)
        cfk_upgrade_stop(u, 0, NULL);
    if (strcmp(argument, "start") == 0)
        report("start %s", cfk_error_name(cfk_upgrade_start(u, own, NULL, NULL)));
}

/* A server with a handle. With argument "late" it waits for SIGUSR1 to be ready. */
static int library_server(const char *argument)
{
    bool claim = strcmp(argument, "unused") != 0;
    int listener = -1;
    sigset_t usr1;
    cfk_upgrade *u;
    int sig;

    if (cfk_upgrade_new(NULL, &u, NULL) != CFK_OK)
        return 40;
    if (claim)
        cfk_upgrade_take_fd(u, "web", &listener, NULL);
    if (cfk_upgrade_take_fd(u, "report", &report_fd, NULL) != CFK_OK)
        return 41;
    report_handle(u);
    if (strcmp(argument, "state") == 0)
        report_state(u);
    if (strcmp(argument, "reject") == 0) {
        return cfk_upgrade_reject(u, 42, NULL) == CFK_OK ? pause() : 48;
    }
    if (strcmp(argument, "late") == 0) {
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        sigprocmask(SIG_BLOCK, &usr1, NULL);
        report("waiting");
        sigwait(&usr1, &sig);
    }
    if (cfk_upgrade_ready(u, NULL) != CFK_OK)
        return 42;
    if (strcmp(argument, "exit") == 0)
        return 1;
    if (strcmp(argument, "again") == 0)
        cfk_upgrade_ready(u, NULL);
    for (;;) {
        struct pollfd p[2] = { { cfk_upgrade_fd(u), POLLIN, 0 },
                               { listener, POLLIN, 0 } };
        struct cfk_upgrade_event event;

        if (poll(p, 2, -1) < 0)
            continue;
        if (p[1].revents != 0)
            answer(listener, cfk_upgrade_generation(u));
        cfk_upgrade_process(u, &event, NULL);
        if (event.type == CFK_UPGRADE_EVENT_COMMITTED)
            on_committed(u, argument);
        if (event.type == CFK_UPGRADE_EVENT_PARENT_GONE)
            report("parent gone%s", event.reason == CFK_OK ? ", drained" : "");
    }
}

/* Allows so many former processes, and starts the next one on SIGUSR1. */
static int generation_server(const char *allowed)
{
    struct cfk_upgrade_options opts = { .size = sizeof opts,
                                        .generations = (uint32_t)atoi(allowed) };
    const char *next[] = { helper_program(), "--helper", "generation", allowed, NULL };
    struct signalfd_siginfo info;
    sigset_t usr1;
    cfk_upgrade *u;
    int signals;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signals = signalfd(-1, &usr1, SFD_CLOEXEC | SFD_NONBLOCK);
    if (cfk_upgrade_new(&opts, &u, NULL) != CFK_OK ||
        cfk_upgrade_take_fd(u, "report", &report_fd, NULL) != CFK_OK ||
        cfk_upgrade_ready(u, NULL) != CFK_OK)
        return 49;
    for (;;) {
        struct pollfd p[2] = { { cfk_upgrade_fd(u), POLLIN, 0 }, { signals, POLLIN, 0 } };
        struct cfk_upgrade_event event;

        poll(p, 2, -1);
        cfk_upgrade_process(u, &event, NULL);
        if (event.type == CFK_UPGRADE_EVENT_COMMITTED)
            report("%u %d", cfk_upgrade_generation(u), (int)getpid());
        if (event.type == CFK_UPGRADE_EVENT_READY)
            report("handed over");
        /* Whatever was said before the signal came is heard first. */
        if (p[0].revents == 0 && read(signals, &info, sizeof info) == sizeof info)
            report("start %s", cfk_error_name(cfk_upgrade_start(u, next, NULL, NULL)));
    }
}

/* Send bytes in hexadecimal to the process that started this one. */
static int talk_nonsense(const char *hex)
{
    struct cfk__handover handover;
    uint8_t data[4096];
    size_t size = strlen(hex) / 2;

    if (!cfk__handover_parse(getenv("CFK_UPGRADE"), &handover))
        return 43;
    for (size_t i = 0; i < size; i++) {
        unsigned byte;

        sscanf(hex + 2 * i, "%2x", &byte);
        data[i] = (uint8_t)byte;
    }
    if (size == 0) {
        memset(data, 'A', sizeof data);
        size = sizeof data;
    }
    send(handover.fd, data, size, MSG_NOSIGNAL);
    pause();
    return 0;
}

/* As an old process: start a helper that outlives it, and wait to be killed. */
static int old_process(const char *argument)
{
    const char *argv[] = { helper_program(), "--helper", "library", argument, NULL };
    struct cfk_upgrade_event event;
    cfk_upgrade *u;

    if (cfk_upgrade_new(NULL, &u, NULL) != CFK_OK ||
        cfk_upgrade_take_fd(u, "report", &report_fd, NULL) != CFK_OK ||
        cfk_upgrade_take_fd(u, "web", NULL, NULL) != CFK_OK ||
        cfk_upgrade_ready(u, NULL) != CFK_OK ||
        cfk_upgrade_process(u, &event, NULL) != CFK_OK ||
        cfk_upgrade_start(u, argv, NULL, NULL) != CFK_OK)
        return 44;
    pause(); /* hears nothing: READY is never answered */
    return 0;
}

static int term_is_slow(void)
{
    signal(SIGTERM, SIG_IGN);
    cfk_upgrade_notify(NULL, "READY=1", NULL);
    return pause();
}

/* By the pipe: "write", "close", or "exit" without a word. */
static int ready_by_fd(const char *argument)
{
    const char *number = getenv("READY_FD");

    if (number == NULL)
        return 45;
    if (strcmp(argument, "exit") == 0)
        return 6;
    if (strcmp(argument, "write") == 0 && write(atoi(number), "\n", 1) != 1)
        return 46;
    close(atoi(number));
    return pause();
}

/* A message of one or two lines, the second one behind a blank. */
static int say(const char *argument)
{
    char text[512];
    char *space;

    snprintf(text, sizeof text, "%s", argument);
    space = strchr(text, ' ');
    if (space != NULL)
        *space = '\n';
    return cfk_upgrade_notify(NULL, text, NULL) == CFK_OK ? pause() : 47;
}

static int notify_from_child(void)
{
    if (fork() == 0)
        cfk_upgrade_notify(NULL, "STATUS=up\nREADY=1", NULL);
    return pause();
}

static int adopt(void)
{
    struct cfk_error err = { .code = 0 };
    cfk_upgrade *u;
    int rc;

    report_fd = fcntl(report_fd, F_DUPFD_CLOEXEC, 100); /* nobody claims it below */
    rc = cfk_upgrade_new(NULL, &u, &err);

    if (rc != CFK_OK) {
        report("%s %s", cfk_error_name(rc), err.message);
        return 0;
    }
    report_handle(u);
    report("environment %s%s%s%s%s", getenv("LISTEN_FDS") ? "F" : "",
           getenv("LISTEN_PID") ? "P" : "", getenv("LISTEN_FDNAMES") ? "N" : "",
           getenv("NOTIFY_SOCKET") ? "S" : "", getenv("CFK_UPGRADE") ? "U" : "");
    rc = cfk_upgrade_ready(u, NULL);
    report("ready %s", cfk_error_name(rc));
    cfk_upgrade_free(u);
    return 0;
}

/* Where each passed file but the report stands. */
static int report_positions(void)
{
    char line[512] = "positions";
    int count = atoi(getenv("LISTEN_FDS"));

    for (int fd = 4; fd < 3 + count; fd++) {
        size_t len = strlen(line);

        snprintf(line + len, sizeof line - len, " %d", (int)lseek(fd, 0, SEEK_CUR));
    }
    report("%s", line);
    return 0;
}

/* A server that tells what it was given, or goes on with a connection, and serves. */
static int look_at_kinds(const char *argument)
{
    char text[900];
    cfk_upgrade *u;
    int fd;

    if (cfk_upgrade_new(NULL, &u, NULL) != CFK_OK)
        return 52;
    describe_all(u, text, sizeof text);
    report("%s", text);
    if (strcmp(argument, "conn") == 0) {
        if (cfk_upgrade_take_fd(u, "conn", &fd, NULL) != CFK_OK ||
            recv(fd, text, sizeof text, 0) != 2 || send(fd, text, 2, MSG_NOSIGNAL) != 2)
            return 53;
        close(fd);
    }
    cfk_upgrade_ready(u, NULL);
    for (;;) {
        struct cfk_upgrade_event event;

        cfk_upgrade_wait(u, UINT64_MAX / 4, &event, NULL);
    }
}

/* How many descriptors above 2 this process has. */
static int count_fds(void)
{
    int count = 0;

    for (int fd = 3; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* "PROBATION_MS DIE_MS": after so long all but the first one exit; 0: they stay. */
static int web(const char *argument)
{
    const char *again[] = { helper_program(), "--helper", "web", argument, NULL };
    struct web_options options = { .argv = again, .die_after_ms = -1 };
    unsigned probation = 0;
    int die = 0;

    sscanf(argument, "%u %d", &probation, &die);
    options.probation_ns = probation * (uint64_t)1000000;
    if (die > 0 && getenv("WEB_NEXT") != NULL)
        options.die_after_ms = die;
    setenv("WEB_NEXT", "1", 1);
    return web_serve(&options);
}

static int helper(const char *mode, const char *argument)
{
    find_report();
    if (strcmp(mode, "exit") == 0)
        return atoi(argument);
    if (strcmp(mode, "kill") == 0)
        return raise(SIGKILL);
    if (strcmp(mode, "hang") == 0)
        return pause();
    if (strcmp(mode, "library") == 0)
        return library_server(argument);
    if (strcmp(mode, "generation") == 0)
        return generation_server(argument);
    if (strcmp(mode, "old") == 0)
        return old_process(argument);
    if (strcmp(mode, "nonsense") == 0)
        return talk_nonsense(argument);
    if (strcmp(mode, "kinds") == 0)
        return look_at_kinds(argument);
    if (strcmp(mode, "count-fds") == 0)
        return count_fds();
    if (strcmp(mode, "web") == 0)
        return web(argument);
    if (strcmp(mode, "adopt") == 0)
        return adopt();
    if (strcmp(mode, "positions") == 0)
        return report_positions();
    if (strcmp(mode, "look") == 0) {
        report_fds();
        report_environment();
        report_signals();
    }
    if (strcmp(mode, "address") == 0) {
        report("%s", getenv("NOTIFY_SOCKET"));
        return pause();
    }
    if (strcmp(mode, "term-is-slow") == 0)
        return term_is_slow();
    if (strcmp(mode, "ready-fd") == 0)
        return ready_by_fd(argument);
    if (strcmp(mode, "say") == 0)
        return say(argument);
    if (strcmp(mode, "notify-from-child") == 0)
        return notify_from_child();
    cfk_upgrade_notify(NULL, "READY=1", NULL);
    if (strcmp(mode, "notify-exit") == 0)
        return atoi(argument);
    if (strcmp(mode, "notify-sleep-exit") == 0) {
        poll(NULL, 0, atoi(argument));
        return 1;
    }
    return pause();
}

/* Before main(), which belongs to the tests. */
__attribute__((constructor)) static void maybe_helper(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "--helper") == 0)
        _exit(helper(argv[2], argc > 3 ? argv[3] : ""));
}
