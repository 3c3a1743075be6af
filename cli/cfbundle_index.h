/* SPDX-License-Identifier: MIT */
/* cfbundle index: a pool as a file that is mapped, and --index, which uses it. */
#ifndef CFBUNDLE_INDEX_H
#define CFBUNDLE_INDEX_H

#include "cfkit/bundle.h"
#include "common/input.h"

/* "cfbundle index ...", argv[0] being "index". The exit status. */
int cfbundle_index(int argc, char **argv);

/* Map an index and add it to a pool; warn where a file that it was made of is newer. */
int cfbundle_index_open(const char *path, cfk_bundle_pool *pool, struct cli_input *in,
                        struct cfk_error *err);

#endif
