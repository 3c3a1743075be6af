/* SPDX-License-Identifier: MIT */
/* Which addresses are the public internet's. */
#ifndef CFBUNDLE_ADDRESS_H
#define CFBUNDLE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Whether an address may be anybody's: none of this host, of a private or
 * local network, for documentation or tests, of a group, or reserved (the
 * registries of special addresses, RFC 6890 and those after it). An IPv4 address inside
 * an IPv6 one counts as itself; families other than the two are never public.
 */
bool cfbundle_address_is_public(const struct sockaddr *address, socklen_t size);

#endif
