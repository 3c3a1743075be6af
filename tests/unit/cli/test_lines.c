/* SPDX-License-Identifier: MIT */
#include "common/lines.h"
#include "gen.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/cfkit-lines-XXXXXX";

/* A file of the test's own with these bytes; its path on the heap. */
static char *file_of(const char *name, const void *data, size_t size)
{
    char *path = malloc(sizeof folder + strlen(name) + 1);
    FILE *file;

    sprintf(path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    fclose(file);
    return path;
}

static void make_folder(void)
{
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_file(char *path)
{
    unlink(path);
    free(path);
}

static void remove_folder(void)
{
    rmdir(folder);
}

static void expect_line(struct cli_lines *lines, const char *wanted)
{
    struct cfk_error err = { 0 };
    const char *line;
    size_t len;

    ck_assert_int_eq(cli_lines_next(lines, &line, &len, &err), 1);
    ck_assert_uint_eq(len, strlen(wanted));
    ck_assert(memcmp(line, wanted, len) == 0);
}

static void expect_end(struct cli_lines *lines)
{
    struct cfk_error err = { 0 };
    const char *line;
    size_t len;

    ck_assert_int_eq(cli_lines_next(lines, &line, &len, &err), 0);
    ck_assert_int_eq(cli_lines_next(lines, &line, &len, &err), 0);
}

START_TEST(files_follow_each_other_and_keep_their_lines_apart)
{
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    char *paths[3];

    paths[0] = file_of("a", "one\n\ntwo\r\nthree", 15);
    paths[1] = file_of("b", "", 0);
    paths[2] = file_of("c", "\nfour\n", 6);
    ck_assert_int_eq(cli_lines_open(&lines, paths, 3, &err), CFK_OK);
    expect_line(&lines, "one");
    expect_line(&lines, "");
    expect_line(&lines, "two\r");
    expect_line(&lines, "three");
    ck_assert_uint_eq(lines.number, 4);
    expect_line(&lines, "");
    expect_line(&lines, "four");
    ck_assert_uint_eq(lines.number, 2);
    expect_end(&lines);
    cli_lines_close(&lines);
    for (int i = 0; i < 3; i++)
        remove_file(paths[i]);
}
END_TEST

/* Lines of all lengths around the buffer's, in reads that cut them anywhere. */
START_TEST(lines_of_any_length_come_whole)
{
    enum { SIZE = 3 << 20 };
    char *data = malloc(SIZE);
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    const char *line;
    char *path;
    size_t at = 0;
    size_t len;
    struct gen g;

    gen_seed(&g, 3);
    memset(data, 'x', SIZE);
    while (at < SIZE) {
        at += (size_t)gen_below(&g, UINT64_C(1) << gen_below(&g, 21));
        if (at < SIZE)
            data[at++] = '\n';
    }
    path = file_of("long", data, SIZE);
    ck_assert_int_eq(cli_lines_open(&lines, &path, 1, &err), CFK_OK);
    at = 0;
    while (cli_lines_next(&lines, &line, &len, &err) == 1) {
        if (len > SIZE - at || memcmp(line, data + at, len) != 0)
            ck_abort_msg("line %llu differs", (unsigned long long)lines.number);
        at += len;
        if (at < SIZE)
            ck_assert_int_eq(data[at++], '\n');
    }
    ck_assert_uint_eq(at, SIZE);
    cli_lines_close(&lines);
    remove_file(path);
    free(data);
}
END_TEST

/* Batches of every size hand out the same lines. */
START_TEST(batches_are_the_same_lines)
{
    enum { SIZE = 1 << 20, MOST = 300 };
    char *data = malloc(SIZE);
    struct cli_span spans[MOST];
    struct cfk_error err = { 0 };
    char *path;
    struct gen g;

    gen_seed(&g, 4);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = gen_below(&g, 1 + i / 4096) < 2 ? '\n' : (char)gen_below(&g, 256);
    path = file_of("batches", data, SIZE);
    for (size_t max = 1; max <= MOST; max += 1 + max / 2) {
        struct cli_lines lines;
        uint64_t number = 0;
        size_t count;
        size_t at = 0;

        ck_assert_int_eq(cli_lines_open(&lines, &path, 1, &err), CFK_OK);
        while (cli_lines_batch(&lines, spans, max, &count, &err) == 1) {
            ck_assert(count >= 1 && count <= max && !lines.cut);
            for (size_t i = 0; i < count; i++) {
                if (spans[i].len > SIZE - at ||
                    memcmp(spans[i].data, data + at, spans[i].len) != 0)
                    ck_abort_msg("line %zu of a batch differs", i);
                at += spans[i].len;
                if (at < SIZE && data[at++] != '\n')
                    ck_abort_msg("line %zu of a batch ends early", i);
            }
            number += count;
            ck_assert_uint_eq(lines.number, number);
        }
        ck_assert_uint_eq(at, SIZE);
        cli_lines_close(&lines);
    }
    remove_file(path);
    free(data);
}
END_TEST

/* A line as long as the buffer is cut, one that is shorter by its newline is not. */
START_TEST(long_lines_can_be_cut)
{
    enum { BUFFER = 256 * 1024 };
    static const size_t lengths[] = { BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 77 };

    for (size_t i = 0; i < 4; i++) {
        size_t len = lengths[i];
        char *data = malloc(len + 10);
        struct cfk_error err = { 0 };
        struct cli_lines lines;
        struct cli_span span[4];
        size_t count;
        char *path;

        memset(data, 'x', len);
        memcpy(data + len, "\nafter\n", 7);
        path = file_of("cut", data, len + 7);
        ck_assert_int_eq(cli_lines_open(&lines, &path, 1, &err), CFK_OK);
        lines.cut_long = true;
        ck_assert_int_eq(cli_lines_batch(&lines, span, 4, &count, &err), 1);
        ck_assert_uint_eq(count, 1);
        ck_assert_int_eq(lines.cut, len >= BUFFER);
        ck_assert_uint_eq(span[0].len, len < BUFFER ? len : BUFFER);
        ck_assert_int_eq(cli_lines_batch(&lines, span, 4, &count, &err), 1);
        ck_assert(count == 1 && !lines.cut && span[0].len == 5);
        ck_assert_mem_eq(span[0].data, "after", 5);
        ck_assert_uint_eq(lines.number, 2);
        ck_assert_uint_eq(lines.capacity, BUFFER);
        ck_assert_int_eq(cli_lines_batch(&lines, span, 4, &count, &err), 0);
        cli_lines_close(&lines);
        remove_file(path);
        free(data);
    }
}
END_TEST

static bool twice(void *ctx, int fd)
{
    int *calls = ctx;

    ck_assert_int_ge(fd, 0);
    return ++*calls <= 2;
}

START_TEST(waiting_may_end_the_input)
{
    char *paths[2] = { file_of("first", "one\ntwo", 7), file_of("second", "three\n", 6) };
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    int calls = 0;

    ck_assert_int_eq(cli_lines_open(&lines, paths, 2, &err), CFK_OK);
    lines.wait = twice;
    lines.wait_ctx = &calls;
    expect_line(&lines, "one");
    expect_line(&lines, "two"); /* the second wait met the end of the file */
    expect_end(&lines);
    ck_assert_int_eq(calls, 3);
    cli_lines_close(&lines);
    for (int i = 0; i < 2; i++)
        remove_file(paths[i]);
}
END_TEST

START_TEST(an_endless_line_meets_a_limit)
{
    char *path = file_of("endless", "", 0);
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    const char *line;
    size_t len;

    ck_assert_int_eq(truncate(path, (off_t)CLI_LINES_MOST), 0);
    ck_assert_int_eq(cli_lines_open(&lines, &path, 1, &err), CFK_OK);
    unit_expect_error(cli_lines_next(&lines, &line, &len, &err), CFK_E_LIMIT, &err,
                      "endless: a line of 64 MiB or more");
    cli_lines_close(&lines);
    ck_assert_int_eq(truncate(path, (off_t)CLI_LINES_MOST - 1), 0);
    ck_assert_int_eq(cli_lines_open(&lines, &path, 1, &err), CFK_OK);
    ck_assert_int_eq(cli_lines_next(&lines, &line, &len, &err), 1);
    ck_assert_uint_eq(len, CLI_LINES_MOST - 1);
    cli_lines_close(&lines);
    remove_file(path);
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    char *nowhere = file_of("nowhere", "", 0);
    char *here = folder;
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    const char *line;
    size_t len;

    unlink(nowhere);
    ck_assert_int_eq(cli_lines_open(&lines, &nowhere, 1, &err), CFK_OK);
    unit_expect_error(cli_lines_next(&lines, &line, &len, &err), CFK_E_IO, &err,
                      "nowhere: No such file");
    cli_lines_close(&lines);
    ck_assert_int_eq(cli_lines_open(&lines, &here, 1, &err), CFK_OK);
    unit_expect_error(cli_lines_next(&lines, &line, &len, &err), CFK_E_IO, &err,
                      "Is a directory");
    cli_lines_close(&lines);
    free(nowhere);
}
END_TEST

static void expect_field(const char *line, int delimiter, uint64_t n, const char *wanted)
{
    const char *field;
    size_t len;
    bool found = cli_field(line, strlen(line), delimiter, n, &field, &len);

    ck_assert_msg(found == (wanted != NULL), "field %llu of '%s'", (unsigned long long)n,
                  line);
    if (found)
        ck_assert_msg(len == strlen(wanted) && memcmp(field, wanted, len) == 0,
                      "field %llu of '%s' is '%.*s'", (unsigned long long)n, line,
                      (int)len, field);
}

START_TEST(fields_are_between_blanks_or_bytes)
{
    expect_field(" a \t bc\td ", CLI_FIELDS_BLANK, 0, " a \t bc\td ");
    expect_field(" a \t bc\td ", CLI_FIELDS_BLANK, 1, "a");
    expect_field(" a \t bc\td ", CLI_FIELDS_BLANK, 2, "bc");
    expect_field(" a \t bc\td ", CLI_FIELDS_BLANK, 3, "d");
    expect_field(" a \t bc\td ", CLI_FIELDS_BLANK, 4, NULL);
    expect_field("a", CLI_FIELDS_BLANK, UINT64_MAX, NULL);
    expect_field(" \t ", CLI_FIELDS_BLANK, 1, NULL);
    expect_field("", CLI_FIELDS_BLANK, 1, NULL);
    expect_field("", ',', 1, "");
    expect_field("", ',', 2, NULL);
    expect_field(",b,,", ',', 1, "");
    expect_field(",b,,", ',', 2, "b");
    expect_field(",b,,", ',', 4, "");
    expect_field(",b,,", ',', 5, NULL);
    expect_field("x\377y", 0xff, 2, "y");
}
END_TEST

START_TEST(delimiters_and_whole_numbers_are_parsed)
{
    uint64_t number = 7;
    int delimiter = 0;

    ck_assert(cli_parse_delimiter("\\t", &delimiter) && delimiter == '\t');
    ck_assert(cli_parse_delimiter("\\", &delimiter) && delimiter == '\\');
    ck_assert(cli_parse_delimiter("\377", &delimiter) && delimiter == 0xff);
    ck_assert(!cli_parse_delimiter("", &delimiter) &&
              !cli_parse_delimiter("ab", &delimiter));
    ck_assert(cli_field_u64("18446744073709551615", 20, &number) && number == UINT64_MAX);
    ck_assert(cli_field_u64("0012", 3, &number) && number == 1);
    ck_assert(!cli_field_u64("18446744073709551616", 20, &number));
    ck_assert(!cli_field_u64("", 0, &number) && !cli_field_u64("-1", 2, &number) &&
              !cli_field_u64("1.5", 3, &number) && number == 1);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        files_follow_each_other_and_keep_their_lines_apart,
        lines_of_any_length_come_whole,
        batches_are_the_same_lines,
        long_lines_can_be_cut,
        waiting_may_end_the_input,
        an_endless_line_meets_a_limit,
        what_cannot_be_read_is_named,
        fields_are_between_blanks_or_bytes,
        delimiters_and_whole_numbers_are_parsed,
        NULL,
    };
    Suite *suite = suite_create("cli-common/lines");
    TCase *tc = unit_case("lines", tests);

    tcase_add_checked_fixture(tc, make_folder, remove_folder);
    suite_add_tcase(suite, tc);
    return suite;
}
