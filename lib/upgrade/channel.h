/* SPDX-License-Identifier: MIT */
/* Messages of the protocol, and a descriptor that may come with one, over a socket. */
#ifndef CFK_UPGRADE_CHANNEL_H
#define CFK_UPGRADE_CHANNEL_H

#include "upgrade/former.h"
#include "upgrade/protocol.h"

/* Most descriptors that come with a message: description, state, former processes. */
enum { CFK__CHANNEL_FDS = 2 + CFK__FORMER_MAX };

/* What cfk__hear() and cfk__peek() found. */
enum cfk__heard {
    CFK__HEARD_MESSAGE,
    CFK__HEARD_NOTHING,  /* now */
    CFK__HEARD_END,      /* the other side is gone, or has closed its end */
    CFK__HEARD_NONSENSE, /* no message of this version */
};

/* Send a message and count descriptors with it. 0, or -1 with errno. */
int cfk__say_with(int channel, const struct cfk__message *message, const int *fds,
                  int count);

/* Send a message that has no payload. 0, or -1 with errno: the other side is gone. */
int cfk__say(int channel, uint8_t type);

/*
 * Take one message. fds has room for CFK__CHANNEL_FDS descriptors, which are
 * the caller's then (-1: none); NULL means that none are wanted.
 */
enum cfk__heard cfk__hear(int channel, struct cfk__message *message, int *fds);

/* Look at the next message and leave it there. */
enum cfk__heard cfk__peek(int channel, struct cfk__message *message);

#endif
