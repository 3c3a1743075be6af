/* SPDX-License-Identifier: MIT */
/* What cfupgrade is told on its command line. */
#ifndef CFUPGRADE_OPTIONS_H
#define CFUPGRADE_OPTIONS_H

#include "cfkit/cfkit.h"

#include <stdbool.h>

/* Strings are those of argv. */
struct cfupgrade_options {
    struct cfk_upgrade_options upgrade;
    const char **listens; /* as given, in order */
    size_t listen_count;
    const char **env; /* NAME=VALUE */
    size_t env_count;
    bool connect;         /* --ready connect */
    const char *probe;    /* --ready exec:CMD; NULL: no */
    unsigned compat;      /* CFUPGRADE_NGINX, ... */
    const char *pid_file; /* NULL: none */
    const char *control;  /* NULL: none */
    bool restart;
    bool store; /* --fd-store */
    const char *const *command;
};

/*
 * Start the tool and read its command line. CLI_YES, or what main() is to return,
 * after the word about it. Release with cfupgrade_options_free() either way.
 */
int cfupgrade_options_parse(struct cfupgrade_options *options, int argc, char **argv);
void cfupgrade_options_free(struct cfupgrade_options *options);

/* The text of --help, for the client too. */
extern const char cfupgrade_help[];

#endif
