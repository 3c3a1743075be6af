/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "cfkit/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TCase *unit_case(const char *name, const TTest *const *tests)
{
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, 120);
    for (; *tests != NULL; tests++)
        tcase_add_test(tc, *tests);
    return tc;
}

void unit_skip(const char *format, ...)
{
    va_list args;

    printf("SKIP: ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
}

const char *unit_data(const char *relative)
{
    static char path[4096];
    const char *root = getenv("CFKIT_DATA");

    if (root == NULL || root[0] == '\0') {
        unit_skip("CFKIT_DATA is not set, no %s", relative);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s", root, relative);
    return path;
}

uint8_t *unit_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    long end;

    ck_assert_msg(file != NULL, "cannot open %s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    end = ftell(file);
    ck_assert_int_ge(end, 0);
    rewind(file);
    data = malloc((size_t)end + 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(fread(data, 1, (size_t)end, file), (size_t)end);
    fclose(file);
    data[end] = '\0';
    *size = (size_t)end;
    return data;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

uint8_t *unit_hex(const char *text, size_t *size)
{
    size_t digits = strlen(text);
    uint8_t *bytes = malloc(digits / 2 + 1);

    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(digits % 2, 0);
    for (size_t i = 0; i < digits; i += 2) {
        int high = hex_digit(text[i]);
        int low = hex_digit(text[i + 1]);

        ck_assert_msg(high >= 0 && low >= 0, "not hexadecimal: %s", text);
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    *size = digits / 2;
    return bytes;
}

void unit_expect_error(int rc, int code, const void *err, const char *words)
{
    const struct cfk_error *e = err;

    ck_assert_msg(rc == code, "got %s (%s), wanted %s", cfk_error_name(rc), e->message,
                  cfk_error_name(code));
    ck_assert_int_eq(e->code, code);
    ck_assert_msg(strstr(e->message, words) != NULL, "'%s' lacks '%s'", e->message,
                  words);
}

int main(void)
{
    SRunner *runner = srunner_create(unit_suite());
    int run;
    int failed;

    srunner_run_all(runner, CK_ENV);
    run = srunner_ntests_run(runner);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
