/* SPDX-License-Identifier: MIT */
/* A people file: a YAML map of names to public texts ("alice: age1..."). */
#ifndef PEOPLE_FILE_H
#define PEOPLE_FILE_H

#include "cfkit/base.h"

/* A person; a code other than CFK_OK ends the reading. */
typedef int people_take(void *ctx, const char *name, const char *public_text,
                        struct cfk_error *err);

/*
 * Hand every person to take, in the order of the file ("-": standard input). The file
 * has one document, no tags, and names nobody twice. What take returns,
 * CFK_E_CORRUPT with the line, CFK_E_IO, CFK_E_LIMIT or CFK_E_NOMEM.
 */
int people_read(const char *path, people_take *take, void *ctx, struct cfk_error *err);

#endif
