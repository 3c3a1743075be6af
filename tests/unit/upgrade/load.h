/* SPDX-License-Identifier: MIT */
/*
 * Load on a web server, from a process of its own: requests on new connections
 * at a steady rate whether or not answers come, and connections that are kept
 * alive by a blind client, which does not look whether the server has closed
 * before it sends. Every way to fail is counted by itself.
 */
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <stdint.h>

struct load_options {
    struct sockaddr_in to;
    unsigned rate;  /* new connections a second */
    unsigned keep;  /* connections kept alive */
    unsigned pause; /* ms between two requests of one of these */
};

struct load_counts {
    uint64_t requests; /* on new connections */
    uint64_t refused;
    uint64_t reset;
    uint64_t cut;     /* the end came before the whole answer */
    uint64_t timeout; /* no answer in 10 s */
    uint64_t other;
    uint64_t kept; /* requests on connections that were used before */
    uint64_t stale;
    uint64_t slowest_ns; /* answer on a new connection */
};

struct load;

/* NULL: there is no process to be had. */
struct load *load_start(const struct load_options *options);

/* Ask no more, wait for what is under way, and tell. */
struct load_counts load_stop(struct load *load);

/* All failures but stale ones. */
uint64_t load_failed(const struct load_counts *counts);

#endif
