/* SPDX-License-Identifier: MIT */
/*
 * Running a program with exactly the descriptors it is to have. The child
 * shares our memory until it runs the program (as vfork() does, on a stack of
 * its own), so that nothing is copied however large we are, and it can print
 * its own pid into LISTEN_PID. Why the program could not be run comes back
 * through a pipe that closes when it runs: that holds also where the memory is
 * not shared after all (the fall-back to fork(), valgrind).
 */
#define _GNU_SOURCE /* clone */

#include "upgrade/system.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

enum { STACK_SIZE = 64 * 1024, GUARD_SIZE = 4096, MOST_FDS = 1 << 20 };

/*
 * ThreadSanitizer takes clone() for fork() and stops following this process,
 * whose memory the child shares: under it fork() it is.
 */
#if defined(__SANITIZE_THREAD__)
#define HAVE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAVE_TSAN 1
#endif
#endif
#ifndef HAVE_TSAN
#define HAVE_TSAN 0
#endif

/* In the child, which runs on a stack that AddressSanitizer does not know. */
#define IN_CHILD __attribute__((no_sanitize("address")))

struct child {
    const struct cfk__spawn *spawn;
    int report; /* the write end of the pipe */
};

IN_CHILD static void reset_signals(void)
{
    struct sigaction action;

    for (int sig = 1; sig < NSIG; sig++) {
        if (sigaction(sig, NULL, &action) != 0 || action.sa_handler == SIG_DFL)
            continue;
        action.sa_handler = SIG_DFL;
        action.sa_flags = 0;
        sigaction(sig, &action, NULL);
    }
}

/*
 * Put the descriptors in their block, in order. What stands where another one
 * is to go, and has not gone to its own place yet, moves above the block
 * first; holders[] tells who stands where. Close-on-exec is cleared in the
 * child's table alone.
 */
IN_CHILD static int place_fds(struct child *c)
{
    const struct cfk__spawn *s = c->spawn;
    int first = (int)s->first;
    int end = first + (int)s->count;

    if (c->report >= first && c->report < end) {
        int moved = fcntl(c->report, F_DUPFD_CLOEXEC, end);

        if (moved < 0)
            return -1;
        c->report = moved;
    }
    for (int i = 0; i < (int)s->count; i++)
        if (s->fds[i] >= first && s->fds[i] < end)
            s->holders[s->fds[i] - first] = i + 1;
    for (int i = 0; i < (int)s->count; i++) {
        int target = first + i;
        int holder = s->holders[i] - 1;

        if (s->fds[i] == target) {
            if (fcntl(target, F_SETFD, 0) < 0)
                return -1;
            continue;
        }
        if (holder > i) {
            s->fds[holder] = fcntl(target, F_DUPFD_CLOEXEC, end);
            if (s->fds[holder] < 0)
                return -1;
        }
        if (dup2(s->fds[i], target) < 0) {
            errno = errno == EBADF ? EMFILE : errno; /* beyond RLIMIT_NOFILE */
            return -1;
        }
    }
    return 0;
}

IN_CHILD static void close_others(unsigned from)
{
    struct rlimit limit;

    if (syscall(SYS_close_range, from, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > MOST_FDS)
        limit.rlim_cur = MOST_FDS;
    for (unsigned fd = from; fd < limit.rlim_cur; fd++)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

IN_CHILD static void print_pid(char *out)
{
    char digits[16];
    size_t n = 0;
    unsigned long pid = (unsigned long)syscall(SYS_getpid);

    do {
        digits[n++] = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid > 0);
    while (n > 0)
        *out++ = digits[--n];
    *out = '\0';
}

/* As execvpe(): the first candidate that is there; EACCES if one was forbidden. */
IN_CHILD static int run(const struct cfk__spawn *s)
{
    const char *path = s->paths;
    int forbidden = 0;
    int failure = ENOENT;

    while (*path != '\0') {
        syscall(SYS_execve, path, s->argv, s->env);
        failure = errno;
        if (failure == EACCES)
            forbidden = 1;
        else if (failure != ENOENT && failure != ENOTDIR)
            return failure;
        while (*path != '\0')
            path++;
        path++;
    }
    return forbidden ? EACCES : failure;
}

IN_CHILD static int child_main(void *arg)
{
    struct child *c = arg;
    sigset_t none;
    int failure;

    reset_signals();
    /* First, as its descriptor may stand where another one is to go. */
    if ((c->spawn->directory >= 0 && fchdir(c->spawn->directory) != 0) ||
        place_fds(c) != 0) {
        failure = errno;
    } else {
        close_others(c->spawn->first + c->spawn->count);
        for (int i = 0; i < 2; i++)
            if (c->spawn->pid_texts[i] != NULL)
                print_pid(c->spawn->pid_texts[i]);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        failure = run(c->spawn);
    }
    syscall(SYS_write, c->report, &failure, sizeof failure);
    syscall(SYS_exit_group, 127);
    return 127;
}

/* By fork(), where clone() with a pidfd is refused or unknown. */
static pid_t fork_child(struct child *child, int *process)
{
    pid_t pid = fork();

    if (pid == 0)
        child_main(child);
    if (pid > 0)
        *process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid > 0 && *process < 0) {
        int saved = errno;

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        errno = saved;
        return -1;
    }
    return pid;
}

static pid_t clone_child(struct child *child, int *process)
{
    char *stack;
    pid_t pid;
    int saved;

    if (HAVE_TSAN)
        return fork_child(child, process);
    stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -1;
    mprotect(stack, GUARD_SIZE, PROT_NONE);
    pid = clone(child_main, stack + STACK_SIZE,
                CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, process);
    saved = errno;
    munmap(stack, STACK_SIZE);
    if (pid < 0 && (saved == EINVAL || saved == ENOSYS || saved == EPERM))
        return fork_child(child, process);
    errno = saved;
    return pid;
}

/* 0 when the program runs, else the errno that the child reports. */
static int read_report(int fd)
{
    int failure = 0;
    ssize_t got;

    do {
        got = read(fd, &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof failure ? failure : 0;
}

static int fail_exec(const struct cfk__spawn *s, int failure, struct cfk_error *err)
{
    return cfk__fail_errno(err, CFK_E_EXEC, failure, "upgrade: cannot run %.100s",
                           s->argv[0]);
}

int cfk__spawn(const struct cfk__spawn *s, pid_t *pid, int *process,
               struct cfk_error *err)
{
    struct child child = { .spawn = s };
    sigset_t all;
    sigset_t before;
    pid_t made;
    int made_process = -1;
    int ends[2];
    int failure;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: no pipe to a new process");
    child.report = ends[1];
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    made = clone_child(&child, &made_process);
    failure = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (made < 0) {
        close(ends[0]);
        return cfk__fail_errno(err, CFK_E_IO, failure, "upgrade: no new process");
    }
    failure = read_report(ends[0]);
    close(ends[0]);
    if (failure != 0) {
        siginfo_t info;

        while (waitid((idtype_t)P_PIDFD, (id_t)made_process, &info, WEXITED) != 0 &&
               errno == EINTR)
            continue;
        close(made_process);
        return fail_exec(s, failure, err);
    }
    *pid = made;
    *process = made_process;
    return CFK_OK;
}
