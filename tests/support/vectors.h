/* SPDX-License-Identifier: MIT */
/* Test vectors in JSON files of the test data. */
#ifndef VECTORS_H
#define VECTORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The parsed file, or NULL after a visible skip. Release with json_decref(). */
json_t *vectors_load(const char *relative);

/* Member of an object as text, or a failed test. */
const char *vectors_text(const json_t *object, const char *name);

/* Member in hexadecimal as bytes on the heap. */
uint8_t *vectors_hex(const json_t *object, const char *name, size_t *size);

#endif
