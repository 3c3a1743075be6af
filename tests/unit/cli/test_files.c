/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* mkdtemp */

#include "common/cli.h"
#include "common/input.h"
#include "common/output.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static void enter_folder(void)
{
    static const struct option longs[] = { CLI_COMMON_LONGS };
    static const struct cli_tool tool = { "cftest", "help\n", CLI_COMMON_SHORTS, longs };

    cli_start(&tool);
    strcpy(folder, "/tmp/cfkit-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    umask(022);
}

static int entries(void)
{
    DIR *dir = opendir(".");
    int count = -2; /* . and .. */

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void leave_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
}

static void expect_file(const char *name, const char *text, mode_t mode)
{
    size_t size;
    char *data = (char *)unit_read_file(name, &size);
    struct stat st;

    ck_assert_str_eq(data, text);
    ck_assert_int_eq(stat(name, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, mode);
    free(data);
}

START_TEST(an_output_appears_whole_on_commit)
{
    struct cli_output out;
    struct cfk_error err;

    ck_assert_int_eq(cli_output_open(&out, "x", 0, &err), CFK_OK);
    ck_assert_int_eq(cli_output_write(&out, "hello ", 6, &err), CFK_OK);
    ck_assert_int_eq(access("x", F_OK), -1);
    ck_assert_int_eq(cli_output_write(&out, "world", 5, &err), CFK_OK);
    ck_assert_int_eq(cli_output_commit(&out, &err), CFK_OK);
    cli_output_abort(&out);
    expect_file("x", "hello world", 0644);
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(an_output_that_is_given_up_leaves_nothing)
{
    struct cli_output out;
    struct cfk_error err;

    ck_assert_int_eq(cli_output_open(&out, "x", 0, &err), CFK_OK);
    ck_assert_int_eq(cli_output_write(&out, "half", 4, &err), CFK_OK);
    cli_output_abort(&out);
    cli_output_abort(&out);
    ck_assert_int_eq(entries(), 0);
}
END_TEST

START_TEST(nothing_is_clobbered_without_force)
{
    struct cli_output out;
    struct cfk_error err;

    ck_assert_int_eq(cli_output_whole("x", 0, "old", 3, &err), CFK_OK);
    unit_expect_error(cli_output_open(&out, "x", 0, &err), CFK_E_EXISTS, &err,
                      "-f replaces");
    expect_file("x", "old", 0644);
    /* Nor one that appeared meanwhile. */
    ck_assert_int_eq(cli_output_open(&out, "y", 0, &err), CFK_OK);
    ck_assert_int_eq(cli_output_whole("y", 0, "theirs", 6, &err), CFK_OK);
    unit_expect_error(cli_output_commit(&out, &err), CFK_E_EXISTS, &err, "y: exists");
    expect_file("y", "theirs", 0644);
    ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(force_replaces_and_keeps_mode_and_links)
{
    struct cfk_error err;
    struct stat st;

    ck_assert_int_eq(cli_output_whole("x", 0, "old", 3, &err), CFK_OK);
    ck_assert_int_eq(chmod("x", 0640), 0);
    ck_assert_int_eq(symlink("x", "link"), 0);
    ck_assert_int_eq(cli_output_whole("link", CLI_OUTPUT_REPLACE, "new", 3, &err),
                     CFK_OK);
    expect_file("x", "new", 0640);
    ck_assert_int_eq(lstat("link", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(secrets_are_for_their_owner)
{
    struct cfk_error err;

    umask(0);
    ck_assert_int_eq(cli_output_whole("s", CLI_OUTPUT_SECRET, "k", 1, &err), CFK_OK);
    expect_file("s", "k", 0600);
    ck_assert_int_eq(cli_output_whole("o", 0, "k", 1, &err), CFK_OK);
    expect_file("o", "k", 0666);
    ck_assert_int_eq(
        cli_output_whole("o", CLI_OUTPUT_SECRET | CLI_OUTPUT_REPLACE, "k", 1, &err),
        CFK_OK);
    expect_file("o", "k", 0600);
}
END_TEST

START_TEST(devices_and_pipes_are_written_straight)
{
    struct cfk_error err;
    struct stat st;
    int fd;
    char got[4] = "";

    ck_assert_int_eq(cli_output_whole("/dev/null", 0, "gone", 4, &err), CFK_OK);
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
    unit_expect_error(cli_output_whole("/dev/full", 0, "x", 1, &err), CFK_E_IO, &err,
                      "/dev/full: No space left");
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    fd = open("fifo", O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(cli_output_whole("fifo", 0, "abc", 3, &err), CFK_OK);
    ck_assert_int_eq(read(fd, got, 3), 3);
    ck_assert_str_eq(got, "abc");
    close(fd);
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(bad_targets_are_named)
{
    struct cfk_error err;

    unit_expect_error(cli_output_whole("no/such/x", 0, "x", 1, &err), CFK_E_IO, &err,
                      "no/such/x: No such file");
    unit_expect_error(cli_output_whole("/", 0, "x", 1, &err), CFK_E_INVALID, &err,
                      "/: Is a directory");
}
END_TEST

START_TEST(a_file_size_limit_leaves_nothing)
{
    static const char block[1 << 16];
    const struct rlimit limit = { sizeof block, sizeof block };
    struct cli_output out;
    struct cfk_error err;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(cli_output_open(&out, "x", 0, &err), CFK_OK);
    ck_assert_int_eq(cli_output_write(&out, block, sizeof block, &err), CFK_OK);
    unit_expect_error(cli_output_write(&out, block, 1, &err), CFK_E_IO, &err,
                      "x: File too large");
    cli_output_abort(&out);
    ck_assert_int_eq(entries(), 0);
}
END_TEST

START_TEST(a_signal_leaves_nothing)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct cli_output out;

        signal(SIGTERM, SIG_DFL);
        if (cli_output_open(&out, "x", 0, NULL) == CFK_OK &&
            cli_output_write(&out, "half", 4, NULL) == CFK_OK)
            raise(SIGTERM);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    ck_assert_int_eq(entries(), 0);
}
END_TEST

START_TEST(a_file_that_shrinks_ends_the_tool_with_a_message)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        static char block[1 << 20];
        struct cli_input in;

        if (cli_output_whole("in", 0, block, sizeof block, NULL) != CFK_OK ||
            cli_input_open(&in, "in", sizeof block, 0, NULL) != CFK_OK ||
            truncate("in", 0) != 0)
            _exit(77);
        _exit(*(const volatile uint8_t *)(in.data + in.size - 1));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), CLI_TROUBLE);
}
END_TEST

START_TEST(inputs_of_every_size_are_read_whole)
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 262143, 262144, 1000000 };
    struct cfk_error err;
    uint8_t *data = malloc(1000000);

    for (size_t i = 0; i < 1000000; i++)
        data[i] = (uint8_t)(i * 31 >> 3);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned flags = 0; flags <= CLI_INPUT_SECRET; flags++) {
            struct cli_input in;

            ck_assert_int_eq(
                cli_output_whole("in", CLI_OUTPUT_REPLACE, data, sizes[i], &err), CFK_OK);
            ck_assert_int_eq(cli_input_open(&in, "in", sizes[i], flags, &err), CFK_OK);
            ck_assert_uint_eq(in.size, sizes[i]);
            ck_assert_ptr_nonnull(in.data);
            ck_assert_mem_eq(in.data, data, sizes[i]);
            ck_assert(flags == 0 || in.map == NULL);
            cli_input_close(&in);
            if (sizes[i] > 0)
                unit_expect_error(cli_input_open(&in, "in", sizes[i] - 1, flags, &err),
                                  CFK_E_LIMIT, &err, "in: larger than the limit of");
        }
    free(data);
}
END_TEST

START_TEST(a_pipe_is_read_to_its_end_and_to_the_limit)
{
    struct cli_input in;
    struct cfk_error err;

    for (int over = 0; over <= 1; over++) {
        int ends[2];
        pid_t child;

        ck_assert_int_eq(pipe(ends), 0);
        child = fork();
        if (child == 0) {
            char block[1000];

            memset(block, 'p', sizeof block);
            for (int i = 0; i < 300; i++)
                if (write(ends[1], block, sizeof block) < 0)
                    _exit(1);
            _exit(0);
        }
        close(ends[1]);
        ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        close(ends[0]);
        if (over) {
            unit_expect_error(cli_input_open(&in, "-", 299999, 0, &err), CFK_E_LIMIT,
                              &err, "standard input: larger");
            ck_assert_int_eq(close(STDIN_FILENO), 0);
        } else {
            ck_assert_int_eq(cli_input_open(&in, "-", 300000, 0, &err), CFK_OK);
            ck_assert_uint_eq(in.size, 300000);
            cli_input_close(&in);
        }
        waitpid(child, NULL, 0);
    }
}
END_TEST

START_TEST(unreadable_inputs_are_named)
{
    struct cli_input in;
    struct cfk_error err;

    unit_expect_error(cli_input_open(&in, "nothing", 10, 0, &err), CFK_E_IO, &err,
                      "nothing: No such file");
    unit_expect_error(cli_input_open(&in, ".", 10, 0, &err), CFK_E_INVALID, &err,
                      ".: Is a directory");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        an_output_appears_whole_on_commit,
        an_output_that_is_given_up_leaves_nothing,
        nothing_is_clobbered_without_force,
        force_replaces_and_keeps_mode_and_links,
        secrets_are_for_their_owner,
        devices_and_pipes_are_written_straight,
        bad_targets_are_named,
        a_file_size_limit_leaves_nothing,
        a_signal_leaves_nothing,
        inputs_of_every_size_are_read_whole,
        a_pipe_is_read_to_its_end_and_to_the_limit,
        a_file_that_shrinks_ends_the_tool_with_a_message,
        unreadable_inputs_are_named,
        NULL,
    };
    Suite *suite = suite_create("cli-common/files");
    TCase *tc = unit_case("files", tests);

    tcase_add_checked_fixture(tc, enter_folder, leave_folder);
    suite_add_tcase(suite, tc);
    return suite;
}
