/* SPDX-License-Identifier: MIT */
/*
 * Whole processes: cfbundle with pools given as files and as an index, beside
 * openssl verify and, where it is installed, cfssl; and a process that does
 * nothing, whose time is in all the others. CFKIT_DATA must be set. Each answer is
 * judged by the exit status.
 */
#include "harness.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { WORDS = 16, PATH_SIZE = 512 };

/* RSA-2048 all the way up. */
#define LEAF "scenarios/digicert-global-ca-g2-50f6e40f-late/leaf.pem"
#define TIME "1800662399"

static char tool[PATH_SIZE];
static char data_paths[5][PATH_SIZE];
static char index_small[] = "/tmp/cfkit-bench-XXXXXX";
static char index_large[] = "/tmp/cfkit-bench-XXXXXX";

enum { ROOTS_SMALL, POOL_SMALL, ROOTS_LARGE, POOL_LARGE, LEAF_PEM };

/* Whether it ends with 0. What it says goes nowhere. */
static bool run_words(void *ctx)
{
    char *words[WORDS]; /* posix_spawn() wants them without const */
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    bool started;

    memcpy(words, ctx, sizeof words);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    started = posix_spawnp(&pid, words[0], &actions, NULL, words, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return started && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void bench(const char *subject, const char *work, const char *words[WORDS])
{
    struct bench_row row = { .subject = subject, .work = work, .units = 1 };

    row.run = run_words;
    row.ctx = words;
    if (bench_wanted(work, subject))
        bench_run(&row);
}

static bool is_installed(const char *name)
{
    const char *words[WORDS] = { name, "version", NULL };

    return run_words(words);
}

static void make_index(char *path, const char *roots, const char *pool)
{
    const char *words[WORDS] = { tool,  "index",           "-f", "-o", path, "--roots",
                                 roots, "--intermediates", pool, NULL };
    int fd = mkstemp(path);

    if (fd < 0 || close(fd) != 0 || !run_words(words)) {
        fprintf(stderr, "cannot make an index\n");
        exit(2);
    }
}

static void find_files(const char *self)
{
    static const char *const names[] = { "cfssl-ca-bundle.pem", "cfssl-int-bundle.pem",
                                         "roots-union.pem", "pool-tls.pem", LEAF };
    const char *slash = strrchr(self, '/');

    snprintf(tool, sizeof tool, "%.*s../cli/cfbundle",
             slash != NULL ? (int)(slash - self + 1) : 0, self);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(data_paths[i], PATH_SIZE, "%s/bundle/%s", getenv("CFKIT_DATA"),
                 names[i]);
}

static void bench_ours(const char *work, const char *roots, const char *pool,
                       const char *index)
{
    char name[64];
    const char *files[WORDS] = { tool,
                                 "-q",
                                 "--time",
                                 TIME,
                                 "--roots",
                                 roots,
                                 "--intermediates",
                                 pool,
                                 data_paths[LEAF_PEM],
                                 NULL };
    const char *indexed[WORDS] = {
        tool, "-q", "--time", TIME, "--index", index, data_paths[LEAF_PEM], NULL
    };

    bench("cfbundle", work, files);
    snprintf(name, sizeof name, "%s/indexed", work);
    bench("cfbundle", name, indexed);
}

static void bench_peers(const char *work, const char *roots, const char *pool)
{
    const char *openssl[WORDS] = { "openssl",    "verify",  "-attime",
                                   TIME,         "-CAfile", roots,
                                   "-untrusted", pool,      data_paths[LEAF_PEM],
                                   NULL };
    const char *cfssl[WORDS] = {
        "cfssl", "bundle", "-ca-bundle",         roots, "-int-bundle",
        pool,    "-cert",  data_paths[LEAF_PEM], NULL
    };

    if (is_installed("openssl"))
        bench("openssl verify", work, openssl);
    /* It has no clock option, and takes no pool with a damaged root, as the large one
     * has. */
    if (is_installed("cfssl") && pool == data_paths[POOL_SMALL])
        bench("cfssl bundle", work, cfssl);
}

int main(int argc, char **argv)
{
    const char *nothing[WORDS] = { "true", NULL };
    const char *version[WORDS] = { tool, "--version", NULL };

    if (getenv("CFKIT_DATA") == NULL) {
        fprintf(stderr, "CFKIT_DATA is not set\n");
        return 2;
    }
    bench_start(argc, argv, "bundle: whole processes; 1,602 and 4,939 certificates");
    find_files(argv[0]);
    make_index(index_small, data_paths[ROOTS_SMALL], data_paths[POOL_SMALL]);
    make_index(index_large, data_paths[ROOTS_LARGE], data_paths[POOL_LARGE]);
    bench("true", "nothing", nothing);
    bench("cfbundle", "--version", version);
    bench_ours("1602", data_paths[ROOTS_SMALL], data_paths[POOL_SMALL], index_small);
    bench_peers("1602", data_paths[ROOTS_SMALL], data_paths[POOL_SMALL]);
    bench_ours("4939", data_paths[ROOTS_LARGE], data_paths[POOL_LARGE], index_large);
    bench_peers("4939", data_paths[ROOTS_LARGE], data_paths[POOL_LARGE]);
    unlink(index_small);
    unlink(index_large);
    return bench_finish();
}
