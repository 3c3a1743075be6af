/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2 */

#include "helper.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 60000 }; /* far longer than anything takes: a hang, not a slow machine */

const char *helper_program(void)
{
    static char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

    path[len > 0 ? len : 0] = '\0';
    return path;
}

void describe_all(const cfk_upgrade *u, char *out, size_t size)
{
    struct cfk_upgrade_entry entry;
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; cfk_upgrade_get(u, i, &entry, NULL) == CFK_OK; i++) {
        char path[64];
        char target[64];
        ssize_t got;

        snprintf(path, sizeof path, "/proc/self/fd/%d", entry.fd);
        got = readlink(path, target, sizeof target - 1);
        target[got > 0 ? got : 0] = '\0';
        if (len + strlen(entry.name) + strlen(target) + 3 > size)
            return;
        len += (size_t)snprintf(out + len, size - len, "%s=%s ", entry.name, target);
    }
}

void subject_new(struct subject *s, const struct cfk_upgrade_options *opts)
{
    int ends[2];

    *s = (struct subject){ .report = -1 };
    ck_assert_int_eq(cfk_upgrade_new(opts, &s->u, &s->err), CFK_OK);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(cfk_upgrade_add_fd(s->u, "report", ends[1], &s->err), CFK_OK);
    close(ends[1]);
    s->report = ends[0];
}

void subject_serving(struct subject *s, const struct cfk_upgrade_options *opts)
{
    subject_new(s, opts);
    ck_assert_int_eq(cfk_upgrade_ready(s->u, &s->err), CFK_OK);
    subject_expect(s, CFK_UPGRADE_EVENT_COMMITTED, 0);
}

void subject_free(struct subject *s)
{
    cfk_upgrade_free(s->u);
    close(s->report);
}

int subject_start(struct subject *s, const char *mode, const char *argument)
{
    const char *argv[] = { helper_program(), "--helper", mode, argument, NULL };

    return cfk_upgrade_start(s->u, argv, NULL, &s->err);
}

struct cfk_upgrade_event subject_event(struct subject *s)
{
    struct cfk_upgrade_event event;

    for (;;) {
        struct pollfd p = { cfk_upgrade_fd(s->u), POLLIN, 0 };
        int rc = cfk_upgrade_process(s->u, &event, &s->err);

        ck_assert_msg(rc == CFK_OK, "%s", s->err.message);
        if (event.type != CFK_UPGRADE_EVENT_NONE)
            return event;
        rc = poll(&p, 1, LONG_MS);
        ck_assert_msg(rc > 0 || (rc < 0 && errno == EINTR), "no event comes");
    }
}

struct cfk_upgrade_event subject_expect(struct subject *s, int type, int reason)
{
    struct cfk_upgrade_event event = subject_event(s);

    ck_assert_msg(event.type == type && event.reason == reason,
                  "event %d (%s, status %d), wanted %d (%s)", event.type,
                  cfk_error_name(event.reason), event.status, type,
                  cfk_error_name(reason));
    return event;
}

void subject_expect_quiet(struct subject *s)
{
    struct cfk_upgrade_event event;

    ck_assert_int_eq(cfk_upgrade_process(s->u, &event, &s->err), CFK_OK);
    ck_assert_int_eq(event.type, CFK_UPGRADE_EVENT_NONE);
}

const char *subject_line(struct subject *s)
{
    static char line[1100];
    size_t len = 0;

    for (;;) {
        struct pollfd p = { s->report, POLLIN, 0 };
        int rc = poll(&p, 1, LONG_MS);

        ck_assert_msg(rc > 0, "no report comes");
        ck_assert_msg(read(s->report, line + len, 1) == 1, "the report ends");
        ck_assert_uint_lt(len + 1, sizeof line);
        if (line[len] == '\n')
            break;
        len++;
    }
    line[len] = '\0';
    return line;
}

void subject_expect_line(struct subject *s, const char *line)
{
    ck_assert_str_eq(subject_line(s), line);
}

unsigned open_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

bool runs(int pid)
{
    char path[64];
    char text[256] = "";
    FILE *file;
    const char *end;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    fclose(file);
    end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' && end[2] != 'Z' && end[2] != 'X';
}

bool skip_under_valgrind(const char *why)
{
    const char *preload = getenv("LD_PRELOAD");

    if (preload == NULL || strstr(preload, "vgpreload") == NULL)
        return false;
    unit_skip("under valgrind %s", why);
    return true;
}

static char folder[64];

static void remove_folder(void)
{
    struct dirent *entry;
    DIR *dir = opendir(folder);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[400];

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

const char *scratch_path(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];

    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "/tmp/cfk-upgrade-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        atexit(remove_folder);
    }
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

bool vanishes(const char *path)
{
    for (int ms = 0; ms < LONG_MS && access(path, F_OK) == 0; ms++)
        poll(NULL, 0, 1);
    return access(path, F_OK) != 0;
}

const char *ask_unix(const char *path)
{
    static char text[128];
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    size_t len = strlen(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t got = -1;

    memcpy(un.sun_path, path, len);
    if (path[0] == '@')
        un.sun_path[0] = '\0';
    else
        len++;
    if (connect(fd, (struct sockaddr *)&un,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
        got = recv(fd, text, sizeof text - 1, 0);
    close(fd);
    if (got <= 0)
        return NULL;
    text[got] = '\0';
    return text;
}

static void become_helper(const char *mode, const int *fds, int count, int report,
                          const char *const *env)
{
    static char pid[32];
    const char *argv[] = { helper_program(), "--helper", mode, NULL };

    /* The test passes few descriptors, none of them where one is to go. */
    for (int i = 0; i < count; i++)
        dup2(fds[i] == -1 ? report : fds[i], 3 + i);
    for (int fd = 3 + count; fd < 100; fd++)
        close(fd);
    for (; *env != NULL; env++) {
        if (strcmp(*env, "LISTEN_PID=self") == 0) {
            snprintf(pid, sizeof pid, "LISTEN_PID=%d", (int)getpid());
            putenv(pid);
        } else {
            char *copy = strdup(*env);

            putenv(copy);
        }
    }
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(98);
}

const char *run_helper(const char *mode, const int *fds, int count,
                       const char *const *env)
{
    static char text[4096];
    size_t len = 0;
    ssize_t got;
    int ends[2];
    int high;
    pid_t pid;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    high = fcntl(ends[1], F_DUPFD_CLOEXEC, 100);
    close(ends[1]);
    pid = fork();
    if (pid == 0)
        become_helper(mode, fds, count, high, env);
    close(high);
    while ((got = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return text;
}
