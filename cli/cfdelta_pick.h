/* SPDX-License-Identifier: MIT */
/* cfdelta pick: which of several files is the best base for a new one. */
#ifndef CFDELTA_PICK_H
#define CFDELTA_PICK_H

#include <stddef.h>

/* Rank count files, best first, and print them. The tool's exit status. */
int pick_candidates(const char *new_file, size_t count, char **files);

#endif
