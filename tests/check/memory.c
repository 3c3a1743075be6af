/* SPDX-License-Identifier: MIT */
/*
 * Two programs for memory.sh. "needles SHARE..." and "needles LOCK PASSPHRASE..." print
 * what must not be found, a name and hexadecimal bytes a line. "join MODE SHARE..."
 * opens shares by the library and then stands still for somebody to look:
 *
 *   open   while the secret is there
 *   freed  after the quorum was freed
 *   fork   in a forked child, while the secret is there in the parent
 *   core   not at all: it dumps core while the secret is there
 */
#define _GNU_SOURCE /* explicit_bzero */

#include "cfkit/cfkit.h"
#include "split/handle.h"
#include "split/shamir.h"
#include "split/share.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void stop(const char *why)
{
    fprintf(stderr, "memory: %s\n", why);
    exit(2);
}

static void check(int rc, const struct cfk_error *err)
{
    if (rc != CFK_OK)
        stop(err->message);
}

/* A whole file into memory that the caller wipes. */
static size_t read_file(const char *path, void *data, size_t capacity)
{
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, data, capacity);

    if (got < 0)
        stop(path);
    close(fd);
    return (size_t)got;
}

static void print_needle(const char *name, const void *data, size_t size)
{
    const uint8_t *p = data;

    printf("%s ", name);
    for (size_t i = 0; i < size; i++)
        printf("%02x", p[i]);
    putchar('\n');
}

/* What is derived from a master key, besides. */
static void print_keys(const uint8_t *master)
{
    struct cfk_error err;
    uint8_t key[32];

    print_needle("master-key", master, CFK__MASTER_SIZE);
    check(cfk__payload_key(master, key, &err), &err);
    print_needle("payload-key", key, sizeof key);
}

static void needles_of_shares(char **paths, int count)
{
    static uint8_t ys[CFK_SPLIT_MAX_SHARES][CFK__MASTER_SIZE];
    static struct cfk__share_work work;
    static char text[CFK_SPLIT_MAX_SHARE_TEXT];
    const uint8_t *at[CFK_SPLIT_MAX_SHARES];
    uint8_t xs[CFK_SPLIT_MAX_SHARES], master[CFK__MASTER_SIZE];
    struct cfk_error err;
    uint32_t row;

    for (int i = 0; i < count; i++) {
        size_t size = read_file(paths[i], text, sizeof text);
        const char *code = strstr(text, "cfs1");

        check(cfk__share_read(text, size, &work, &row, &err), &err);
        memcpy(ys[i], work.share.y, sizeof ys[i]);
        at[i] = ys[i];
        xs[i] = work.share.x;
        print_needle("share", ys[i], sizeof ys[i]);
        print_needle("share-text", code, 40);
    }
    cfk__shamir_interpolate(xs, at, work.share.threshold, sizeof master, master);
    print_keys(master);
}

/* Passphrases in the order of the people who have one. */
static void needles_of_lock(const char *path, char **passphrases, int count)
{
    static uint8_t head[CFK_LOCK_HEAD];
    size_t size = read_file(path, head, sizeof head);
    struct cfk_error err;
    cfk_lock *lock;
    int next = 0;

    check(cfk_lock_read(head, size, NULL, &lock, &err), &err);
    for (size_t i = 0; i < cfk_policy_people(cfk_lock_policy(lock)) && next < count;
         i++) {
        const char *words = passphrases[next++];

        check(cfk_lock_give_passphrase(lock, cfk_policy_person(cfk_lock_policy(lock), i),
                                       words, strlen(words), &err),
              &err);
        print_needle("passphrase", words, strlen(words));
        print_needle("leaf-share", lock->keys->shares + i * CFK__MASTER_SIZE,
                     CFK__MASTER_SIZE);
    }
    check(cfk_lock_open(lock, &err), &err);
    print_keys(lock->keys->master);
    cfk_lock_free(lock);
}

static cfk_split_quorum *open_shares(char **paths, int count)
{
    static char text[CFK_SPLIT_MAX_SHARE_TEXT];
    cfk_split_quorum *quorum;
    struct cfk_error err;
    const void *secret;
    size_t size;

    check(cfk_split_quorum_new(NULL, &quorum, &err), &err);
    for (int i = 0; i < count; i++) {
        size = read_file(paths[i], text, sizeof text);
        check(cfk_split_quorum_add(quorum, text, size, &err), &err);
        explicit_bzero(text, sizeof text);
    }
    check(cfk_split_quorum_open(quorum, &secret, &size, &err), &err);
    return quorum;
}

static void dump_core(void)
{
    struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

    if (setrlimit(RLIMIT_CORE, &all) != 0)
        stop("the limit of cores cannot be lifted");
    abort();
}

static void join(const char *mode, char **paths, int count)
{
    cfk_split_quorum *quorum = open_shares(paths, count);
    pid_t child;

    if (strcmp(mode, "core") == 0)
        dump_core();
    if (strcmp(mode, "freed") == 0) {
        cfk_split_quorum_free(quorum);
        quorum = NULL;
    }
    if (strcmp(mode, "fork") == 0) {
        child = fork();
        printf("%d\n", child == 0 ? (int)getpid() : 0);
        fflush(stdout);
        if (child != 0)
            waitpid(child, NULL, WUNTRACED);
    }
    raise(SIGSTOP);
    cfk_split_quorum_free(quorum);
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "join") == 0)
        join(argv[2], argv + 3, argc - 3);
    else if (argc > 2 && strcmp(argv[1], "shares") == 0)
        needles_of_shares(argv + 2, argc - 2);
    else if (argc > 3 && strcmp(argv[1], "lock") == 0)
        needles_of_lock(argv[2], argv + 3, argc - 3);
    else
        stop("shares SHARE..., lock LOCK PASSPHRASE..., join MODE SHARE...");
    return 0;
}
