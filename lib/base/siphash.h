/* SPDX-License-Identifier: MIT */
/*
 * SipHash-c-d (Aumasson and Bernstein, 2012), a keyed hash of byte strings to
 * 64 bits. Tables use SipHash-1-3 under a random key, so that nobody outside
 * can choose keys that collide.
 */
#ifndef CFK_BASE_SIPHASH_H
#define CFK_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t cfk__siphash13(const uint64_t key[2], const void *data, size_t size);
uint64_t cfk__siphash24(const uint64_t key[2], const void *data, size_t size);

#endif
