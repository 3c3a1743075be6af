/* SPDX-License-Identifier: MIT */
#include "common/stream.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY, COUNT, TIME, VALUE, MOST_TAKEN = 8 };

static const struct option longs[] = { CLI_STREAM_LONGS };
static const struct cli_tool tool = { "cftest", "", CLI_STREAM_SHORTS, longs };

/* A standard stream that goes elsewhere for a while. */
struct diversion {
    FILE *stream;
    FILE *target;
    int saved;
};

static void divert(struct diversion *d, FILE *stream, FILE *target)
{
    ck_assert_ptr_nonnull(target);
    fflush(stream);
    d->stream = stream;
    d->target = target;
    d->saved = dup(fileno(stream));
    ck_assert_int_ge(dup2(fileno(target), fileno(stream)), 0);
}

static void restore(struct diversion *d)
{
    fflush(d->stream);
    clearerr(d->stream);
    ck_assert_int_ge(dup2(d->saved, fileno(d->stream)), 0);
    close(d->saved);
}

static struct diversion words;

static void hear_words(void)
{
    cli_start(&tool);
    divert(&words, stderr, tmpfile());
}

/* What was said on standard error since hear_words() is this. */
static void expect_words(const char *wanted)
{
    char said[512];
    size_t len;

    restore(&words);
    rewind(words.target);
    len = fread(said, 1, sizeof said - 1, words.target);
    said[len] = '\0';
    fclose(words.target);
    ck_assert_str_eq(said, wanted);
}

static struct cli_stream make_stream(void)
{
    return (struct cli_stream){ .letters = "kctv", .delimiter = CLI_FIELDS_BLANK };
}

static int give(struct cli_stream *stream, int option, const char *value)
{
    static char text[32];

    snprintf(text, sizeof text, "%s", value);
    optarg = text;
    return cli_stream_option(stream, option);
}

START_TEST(letters_set_their_fields)
{
    struct cli_stream stream = make_stream();

    hear_words();
    ck_assert_int_eq(give(&stream, 'k', "1"), CLI_YES);
    ck_assert_int_eq(give(&stream, 'v', "18446744073709551615"), CLI_YES);
    ck_assert_int_eq(give(&stream, 'd', "\\t"), CLI_YES);
    expect_words("");
    ck_assert_uint_eq(stream.fields[KEY], 1);
    ck_assert_uint_eq(stream.fields[COUNT], 0);
    ck_assert_uint_eq(stream.fields[TIME], 0);
    ck_assert_uint_eq(stream.fields[VALUE], UINT64_MAX);
    ck_assert_int_eq(stream.delimiter, '\t');
}
END_TEST

START_TEST(wrong_options_are_explained)
{
    static const char try_help[] = "Try 'cftest --help' for what it takes.";
    struct cli_stream stream = make_stream();
    char wanted[512];

    hear_words();
    ck_assert_int_eq(give(&stream, 'c', "0"), CLI_TROUBLE);
    ck_assert_int_eq(give(&stream, 'd', "ab"), CLI_TROUBLE);
    ck_assert_int_eq(give(&stream, '?', ""), CLI_TROUBLE);
    ck_assert_int_eq(give(&stream, 'x', "1"), CLI_TROUBLE);
    ck_assert_int_eq(give(&stream, CLI_OPT_OWN, "1"), CLI_TROUBLE);
    snprintf(wanted, sizeof wanted,
             "cftest: error: -c wants the number of a field, not '0'\n%s\n"
             "cftest: error: -d wants one byte or \\t, not 'ab'\n%s\n%s\n%s\n%s\n",
             try_help, try_help, try_help, try_help, try_help);
    expect_words(wanted);
    ck_assert_uint_eq(stream.fields[COUNT], 0);
    ck_assert_int_eq(stream.delimiter, CLI_FIELDS_BLANK);
}
END_TEST

START_TEST(files_are_what_follows_the_options)
{
    char name[] = "cftest";
    char option[] = "-v";
    char file[] = "file";
    char *argv[] = { name, option, file, NULL };
    struct cli_stream stream = make_stream();

    optind = 2;
    cli_stream_files(&stream, 3, argv);
    ck_assert_int_eq(stream.path_count, 1);
    ck_assert_ptr_eq(stream.paths[0], file);
}
END_TEST

/* Two files, of three lines and of one. */
static char first_path[] = "/tmp/cfkit-stream-XXXXXX";
static char second_path[] = "/tmp/cfkit-stream-XXXXXX";
static char *const both_paths[] = { first_path, second_path };

static void make_file(char *path, const char *text)
{
    int fd;

    strcpy(path + strlen(path) - 6, "XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void make_files(void)
{
    make_file(first_path, "a 1\n\nb 2\n");
    make_file(second_path, "c 3");
}

static void remove_files(void)
{
    unlink(first_path);
    unlink(second_path);
}

struct taken {
    unsigned count;
    unsigned most; /* then comes status */
    int status;
    const char *say;
    uint64_t sum;
    uint64_t without;
};

static int take(void *context, const struct cli_line *line)
{
    struct taken *t = context;
    uint64_t number;

    if (cli_line_u64(line, COUNT, &number))
        t->sum += number;
    else
        t->without++;
    if (t->say != NULL) {
        fputs(t->say, stdout);
        fflush(stdout);
    }
    return ++t->count == t->most ? t->status : CLI_YES;
}

static int take_both(struct taken *t)
{
    struct cli_stream stream = make_stream();

    stream.fields[COUNT] = 2;
    stream.paths = both_paths;
    stream.path_count = 2;
    return cli_stream_each(&stream, take, t);
}

START_TEST(every_line_of_every_file_is_taken)
{
    struct taken t = { .most = MOST_TAKEN };

    ck_assert_int_eq(take_both(&t), CLI_YES);
    ck_assert_uint_eq(t.count, 4);
    ck_assert_uint_eq(t.sum, 6);
    ck_assert_uint_eq(t.without, 1);
}
END_TEST

START_TEST(a_status_ends_the_walk)
{
    struct taken t = { .most = 2, .status = CLI_NO };

    ck_assert_int_eq(take_both(&t), CLI_NO);
    ck_assert_uint_eq(t.count, 2);
}
END_TEST

START_TEST(what_cannot_be_read_is_reported)
{
    struct taken t = { .most = MOST_TAKEN };
    char wanted[128];

    unlink(second_path);
    hear_words();
    ck_assert_int_eq(take_both(&t), CLI_TROUBLE);
    snprintf(wanted, sizeof wanted,
             "cftest: error: cannot open %s: No such file or directory\n", second_path);
    expect_words(wanted);
    ck_assert_uint_eq(t.count, 3);
}
END_TEST

START_TEST(a_full_disk_ends_the_walk_without_words)
{
    struct taken t = { .most = MOST_TAKEN, .say = "words" };
    struct diversion full;
    int status;

    hear_words();
    divert(&full, stdout, fopen("/dev/full", "w"));
    status = take_both(&t);
    restore(&full);
    fclose(full.target);
    expect_words("");
    ck_assert_int_eq(status, CLI_TROUBLE);
    ck_assert_uint_eq(t.count, 1);
}
END_TEST

START_TEST(fields_are_read_as_what_they_are)
{
    struct cli_stream stream = make_stream();
    struct cli_line line = { .stream = &stream, .text = "k,12,1.5,-2.5e1", .len = 15 };
    const char *text = NULL;
    uint64_t count = 7;
    int64_t ns = 7;
    double value = 7;
    size_t len = 0;

    stream.delimiter = ',';
    ck_assert(cli_line_field(&line, KEY, &text, &len));
    ck_assert(text == line.text && len == line.len); /* not given: all of it */
    ck_assert(!cli_line_u64(&line, COUNT, &count) && count == 7);
    ck_assert(!cli_line_seconds(&line, TIME, &ns) && ns == 7);
    ck_assert(!cli_line_double(&line, VALUE, &value) && value > 6);
    for (unsigned i = 0; i < CLI_STREAM_FIELDS; i++)
        stream.fields[i] = i + 1;
    ck_assert(cli_line_field(&line, KEY, &text, &len) && len == 1 && *text == 'k');
    ck_assert(cli_line_u64(&line, COUNT, &count) && count == 12);
    ck_assert(cli_line_seconds(&line, TIME, &ns) && ns == INT64_C(1500000000));
    ck_assert(cli_line_double(&line, VALUE, &value) && value < -24.9 && value > -25.1);
    stream.fields[COUNT] = 5;
    ck_assert(!cli_line_u64(&line, COUNT, &count) && count == 12);
}
END_TEST

START_TEST(counts_are_warned_of_unless_zero)
{
    hear_words();
    cli_warn_count(0, "lines have no field %d", 1);
    cli_warn_count(UINT64_MAX, "lines have no field %d", 2);
    expect_words("cftest: warning: 18446744073709551615 lines have no field 2\n");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const options[] = {
        letters_set_their_fields,           wrong_options_are_explained,
        files_are_what_follows_the_options, fields_are_read_as_what_they_are,
        counts_are_warned_of_unless_zero,   NULL,
    };
    const TTest *const lines[] = {
        every_line_of_every_file_is_taken,
        a_status_ends_the_walk,
        what_cannot_be_read_is_reported,
        a_full_disk_ends_the_walk_without_words,
        NULL,
    };
    Suite *suite = suite_create("cli-common/stream");
    TCase *tc = unit_case("lines", lines);

    suite_add_tcase(suite, unit_case("options", options));
    tcase_add_checked_fixture(tc, make_files, remove_files);
    suite_add_tcase(suite, tc);
    return suite;
}
