/* SPDX-License-Identifier: MIT */
/*
 * A unit test program is one file that defines unit_suite(). It ends in one
 * line, "N passed, N failed", which the test script adds up.
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

Suite *unit_suite(void);

/* A test case with the tests of a NULL-terminated array. */
TCase *unit_case(const char *name, const TTest *const *tests);

/* Say that the running test cannot run here and why; the test then returns. */
void unit_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The path of a file of the test data, "split/aead.json" say, or NULL (and
 * a visible skip) where CFKIT_DATA is not set. Static until the next call.
 */
const char *unit_data(const char *relative);

/* A whole file on the heap (with a NUL behind it), or a failed test. */
uint8_t *unit_read_file(const char *path, size_t *size);

/* Hexadecimal text as bytes on the heap. */
uint8_t *unit_hex(const char *text, size_t *size);

/* code is expected and err names it with a message that contains words. */
void unit_expect_error(int rc, int code, const void *err, const char *words);

#endif
