/* SPDX-License-Identifier: MIT */
/* Commands of which we own a copy: a NULL-terminated vector in one block. */
#ifndef CFUPGRADE_COMMAND_H
#define CFUPGRADE_COMMAND_H

#include <jansson.h>

/* A copy on the heap, for free(); NULL: no memory. */
const char **cfupgrade_command_copy(const char *const *argv);

/* As a JSON array. */
json_t *cfupgrade_command_json(const char *const *argv);

#endif
