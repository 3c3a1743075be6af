/* SPDX-License-Identifier: MIT */
/*
 * Graceful upgrades: a running server is replaced by a new process that
 * inherits its sockets, and no connection fails. The new process says when it
 * is ready; until then the old one serves, and whatever befalls the new one
 * (it exits, is killed, hangs, talks nonsense) leaves the old one untouched.
 *
 * The handle has no event loop: poll one descriptor, cfk_upgrade_fd(), for
 * reading in whatever loop there is and call cfk_upgrade_process() when it is
 * readable. It installs no signal handler and starts no thread. A server that
 * upgrades itself:
 *
 *     cfk_upgrade_new(NULL, &u, &err);              adopts what was handed over
 *     cfk_upgrade_listen(u, "web", "tcp:*:8080", NULL, &fd, &err);
 *     cfk_upgrade_ready(u, &err);                   then serve
 *     on SIGHUP: cfk_upgrade_start(u, argv, NULL, &err);
 *     CFK_UPGRADE_EVENT_READY: stop accepting, finish what is open, exit
 *     CFK_UPGRADE_EVENT_FAILED: log it and go on
 *
 * With a probation (probation_ns) the new process must also stay alive for a
 * while after it took over. Until that time is up the old one only pauses:
 *
 *     CFK_UPGRADE_EVENT_PROBATION: do not accept for now
 *     CFK_UPGRADE_EVENT_RESUME: the new one died; accept again
 *
 * A process that holds the sockets for servers which know nothing of this
 * library sets CFK_UPGRADE_HOLDER; that is what cfupgrade(1) does. Either way
 * the new process finds its sockets as systemd passes them (LISTEN_FDS,
 * LISTEN_PID, LISTEN_FDNAMES, from descriptor 3 in the order in which they
 * were added) and may say READY=1 to NOTIFY_SOCKET.
 *
 * One handle serves one thread at a time. A copy of it that came about by
 * fork() is inert: it may only be freed. Linux 5.4 or newer.
 */
#ifndef CFKIT_UPGRADE_H
#define CFKIT_UPGRADE_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_upgrade cfk_upgrade;

/* Flags of struct cfk_upgrade_options. */
enum {
    /*
     * This process serves nothing itself: it holds the sockets and runs
     * servers. It may start one after the other; when a new one is ready the
     * former one is told to stop.
     */
    CFK_UPGRADE_HOLDER = 1,
    /*
     * Leave the environment of this process as it is. Otherwise
     * cfk_upgrade_new() removes what it adopts from, so that nobody adopts
     * it again. Either way a new process gets none of ours.
     */
    CFK_UPGRADE_KEEP_ENV = 2,
    /*
     * The word of a new process that it is ready is not enough: event PREPARE
     * reports it, and cfk_upgrade_confirm() lets the upgrade go on. The caller
     * stops accepting and hands over its latest state in between, or asks the
     * new process for something that only a sound one can answer.
     */
    CFK_UPGRADE_CONFIRM = 4,
    /*
     * New processes may also say that they are ready by writing a byte to the
     * descriptor that the environment variable READY_FD names, or by closing
     * it and staying alive.
     */
    CFK_UPGRADE_READY_FD = 8,
    /*
     * New processes start in the directory that was the current one when the
     * handle was made, and a relative argv[0] is taken from there, whatever
     * directory this process has changed to.
     */
    CFK_UPGRADE_START_DIR = 16
};

struct cfk_upgrade_options {
    size_t size;                   /* sizeof(struct cfk_upgrade_options) */
    uint32_t flags;                /* CFK_UPGRADE_HOLDER, ... */
    uint32_t max_fds;              /* descriptors in one handle; 0 means 65536 */
    uint64_t timeout_ns;           /* for a new process to be ready; 0 means 60 s */
    uint64_t ready_delay_ns;       /* 0: it has to say so; else: alive for so long */
    uint64_t drain_ns;             /* holder: from stop signal to SIGKILL; 0 means 30 s */
    int32_t stop_signal;           /* holder: 0 means SIGTERM */
    uint32_t generations;          /* former processes that may still drain when an
                                      upgrade starts, up to 15; 0 means none */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    uint64_t probation_ns;         /* to stay alive once it serves; 0 means none */
};

/*
 * Create a handle in *out and adopt what this process was given: the
 * hand-over of a process that uses this library (environment variable
 * CFK_UPGRADE, whose descriptor is verified to be ours and not touched
 * otherwise), else systemd's sockets (LISTEN_FDS where LISTEN_PID is this
 * process), else nothing: a first start. Adopted descriptors become
 * close-on-exec.
 *
 * Unless CFK_UPGRADE_KEEP_ENV is set, the variables CFK_UPGRADE, LISTEN_FDS,
 * LISTEN_PID, LISTEN_FDNAMES and NOTIFY_SOCKET are removed from the
 * environment, which is the whole process's: call this before other threads
 * read it.
 *
 * Returns CFK_OK, CFK_E_INVALID or CFK_E_NOTSUP (options), CFK_E_NOMEM,
 * CFK_E_IO, CFK_E_CORRUPT (LISTEN_FDS names what is not open, or makes no
 * sense), CFK_E_LIMIT (over max_fds) or CFK_E_PROTOCOL (a hand-over of ours
 * that cannot be read), and on failure sets *out to NULL. O(descriptors).
 * Since 0.1.
 */
CFK_API int cfk_upgrade_new(const struct cfk_upgrade_options *opts, cfk_upgrade **out,
                            struct cfk_error *err);

/*
 * Release the handle and its descriptors. A new process that is not ready yet
 * is killed and reaped; those that serve go on, and UNIX socket paths stay
 * (cfk_upgrade_stop() removes them). NULL is accepted. Since 0.1.
 */
CFK_API void cfk_upgrade_free(cfk_upgrade *u);

/*
 * A listening (or bound datagram) socket by name: the inherited one that has
 * this name and has not been asked for yet, else a new one at address:
 *
 *     tcp:HOST:PORT   udp:HOST:PORT   HOST is 192.0.2.1, [2001:db8::1],
 *                                     localhost, or * for every address
 *     unix:PATH       unix:@NAME      a path, or Linux's abstract names
 *
 * An inherited socket keeps the address it has, whatever address says; only its
 * type (stream, datagram) must be that of address. Host names are not looked up. Port 0
 * lets the system choose once: processes after this one inherit its choice.
 *
 *   name     1 to 255 bytes without ':' and control characters. The same name
 *            may be used again: inherited sockets are given out in order.
 *            NULL derives one from the address.
 *   options  NULL, or a comma list for a new socket: backlog=N, reuseport,
 *            v6only, nodelay, defer_accept=SECONDS, fastopen=N,
 *            notsent_lowat=BYTES, congestion=NAME, sndbuf=BYTES,
 *            rcvbuf=BYTES; for unix: mode=OCTAL, owner=UID:GID,
 *            type=stream|seqpacket|dgram.
 *   fd       receives a duplicate that is the caller's to close, close-on-exec
 *            and (but in a holder) non-blocking; NULL for none. The handle
 *            keeps its own.
 *
 * At a unix path, a socket that nobody listens on any more is replaced;
 * anything else there is CFK_E_EXISTS.
 *
 * Returns CFK_OK, CFK_E_INVALID (name, address, options, or the inherited
 * socket is of another type, or none), CFK_E_EXISTS (the address is in use), CFK_E_IO,
 * CFK_E_NOMEM, CFK_E_LIMIT, or CFK_E_STOPPED. O(descriptors). Since 0.1.
 */
CFK_API int cfk_upgrade_listen(cfk_upgrade *u, const char *name, const char *address,
                               const char *options, int *fd, struct cfk_error *err);

/*
 * Hand a descriptor of any kind but epoll on to new processes: a duplicate of
 * fd is kept under name (as above). The caller still owns fd.
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_IO, CFK_E_NOMEM, CFK_E_LIMIT or
 * CFK_E_STOPPED. Since 0.1.
 */
CFK_API int cfk_upgrade_add_fd(cfk_upgrade *u, const char *name, int fd,
                               struct cfk_error *err);

/*
 * A duplicate, which is the caller's, of the inherited descriptor that has
 * this name and was not asked for yet. What nobody has asked for when this
 * process takes over is closed, and its UNIX path removed if it is ours.
 * Returns CFK_OK, CFK_E_NOTFOUND, CFK_E_IO or CFK_E_STOPPED. Since 0.1.
 */
CFK_API int cfk_upgrade_take_fd(cfk_upgrade *u, const char *name, int *fd,
                                struct cfk_error *err);

/* Flags of struct cfk_upgrade_entry. */
enum {
    CFK_UPGRADE_INHERITED = 1, /* was adopted, not made here */
    CFK_UPGRADE_CLAIMED = 2,   /* was asked for, or made here */
    CFK_UPGRADE_OWNS_PATH = 4  /* its UNIX path is ours to remove */
};

/* One descriptor of a handle. */
struct cfk_upgrade_entry {
    const char *name; /* valid until the handle changes */
    int32_t fd;       /* the handle's own: look, do not close */
    uint32_t flags;
    uint64_t reserved[4];
};

/* Flags of cfk_upgrade_remove(). */
enum {
    CFK_UPGRADE_AT_ONCE = 1 /* no process that serves uses it */
};

/*
 * Do not pass the first descriptor of this name on any more. It is closed, and
 * its UNIX path removed if it is ours, when a process that was started without
 * it serves, or with CFK_UPGRADE_AT_ONCE now. Until then cfk_upgrade_listen()
 * with the same name brings it back.
 * Returns CFK_OK, CFK_E_NOTFOUND, CFK_E_INVALID (unknown flags), CFK_E_NOMEM
 * or CFK_E_STOPPED. O(descriptors). Since 0.1.
 */
CFK_API int cfk_upgrade_remove(cfk_upgrade *u, const char *name, uint32_t flags,
                               struct cfk_error *err);

/* How many descriptors the handle has. Since 0.1. */
CFK_API size_t cfk_upgrade_count(const cfk_upgrade *u);

/*
 * The descriptor at index, from 0, in the order in which they were added:
 * a new process finds it as descriptor 3 + index.
 * Returns CFK_OK or CFK_E_NOTFOUND. Since 0.1.
 */
CFK_API int cfk_upgrade_get(const cfk_upgrade *u, size_t index,
                            struct cfk_upgrade_entry *out, struct cfk_error *err);

/*
 * State for the process that is started next: the size bytes at data are
 * copied into a file in memory that nobody can change any more. version is the
 * caller's own, so that another release can tell whether it understands them.
 * What is set while a process is starting reaches that one too, if it comes
 * before its turn to take over: see CFK_UPGRADE_CONFIRM.
 * Returns CFK_OK, CFK_E_IO or CFK_E_STOPPED. O(size). Since 0.1.
 */
CFK_API int cfk_upgrade_state_set(cfk_upgrade *u, uint32_t version, const void *data,
                                  size_t size, struct cfk_error *err);

/*
 * The same without a copy, for large states that are built in place: fd is of
 * memfd_create() with MFD_ALLOW_SEALING and not mapped for writing any more. It
 * is sealed here, and remains the caller's to close.
 * Returns CFK_OK, CFK_E_INVALID (no such file), CFK_E_BUSY (mapped for
 * writing), CFK_E_IO or CFK_E_STOPPED. O(1). Since 0.1.
 */
CFK_API int cfk_upgrade_state_set_fd(cfk_upgrade *u, uint32_t version, int fd,
                                     struct cfk_error *err);

/*
 * The state that was handed to this process, mapped for reading: valid until
 * cfk_upgrade_state_drop() or cfk_upgrade_free(), or until a newer state comes
 * with CFK_UPGRADE_EVENT_COMMITTED. NULL where size is 0.
 * Returns CFK_OK, CFK_E_NOTFOUND (none was handed over) or CFK_E_IO. O(1).
 * Since 0.1.
 */
CFK_API int cfk_upgrade_state_get(cfk_upgrade *u, uint32_t *version, const void **data,
                                  size_t *size, struct cfk_error *err);

/* Release the state that was handed to this process: its memory is given back. Since 0.1.
 */
CFK_API void cfk_upgrade_state_drop(cfk_upgrade *u);

/*
 * Give up, because of the state or for any other reason, as long as the former
 * process can go on: it reports CFK_UPGRADE_EVENT_FAILED with CFK_E_REJECTED
 * and code as the status, and kills this one. The caller should exit.
 * Returns CFK_OK, CFK_E_STATE (nobody can go on instead) or CFK_E_IO.
 * Since 0.1.
 */
CFK_API int cfk_upgrade_reject(cfk_upgrade *u, int32_t code, struct cfk_error *err);

/*
 * Say that this process is ready to serve: to the process that started it
 * through this library, else as READY=1 to the NOTIFY_SOCKET it came with.
 * CFK_UPGRADE_EVENT_COMMITTED follows when this process has taken over: at
 * once on a first start, on the other's word when there is one, and also when
 * the other dies before it could say so. Accepting connections may begin at
 * once; what only one process may do (a PID file) waits for the event. A
 * second call does nothing.
 * Returns CFK_OK, CFK_E_IO (the word could not be sent), CFK_E_STOPPED.
 * Since 0.1.
 */
CFK_API int cfk_upgrade_ready(cfk_upgrade *u, struct cfk_error *err);

/*
 * Start a new process with all descriptors of the handle and return; how it
 * fares comes as an event. It runs argv[0], searched in PATH when it has no
 * slash, in the current directory, with default signal dispositions, no
 * signal blocked and no other descriptor but 0, 1, 2, from 3 on the
 * handle's, and one more that is this library's.
 *
 *   argv  as for execve(), NULL-terminated.
 *   env   NULL-terminated; NULL means the environment of this process. The
 *         variables of the hand-over are replaced in either.
 *
 * The time this process stands still does not depend on its memory: nothing
 * is copied. The child sends SIGCHLD when it ends and is reaped here; if the
 * program reaps it first, or ignores SIGCHLD, its status is unknown.
 *
 * Returns CFK_OK; CFK_E_EXEC (sys_errno says why) when the program cannot be
 * run; CFK_E_BUSY (one is starting), CFK_E_STATE (this process has not taken
 * over itself), CFK_E_PARENT (a holder, a former process on probation, or more
 * former ones than generations still run), CFK_E_STOPPED (handed over or
 * stopped), CFK_E_INVALID, CFK_E_IO, CFK_E_RANDOM or CFK_E_NOMEM; then nothing
 * is left behind. Since 0.1.
 */
CFK_API int cfk_upgrade_start(cfk_upgrade *u, const char *const *argv,
                              const char *const *env, struct cfk_error *err);

/* What cfk_upgrade_process() reports. */
enum {
    CFK_UPGRADE_EVENT_NONE = 0,
    /*
     * The new process (pid, generation) serves. A process that upgraded
     * itself now stops accepting, finishes and exits; the handle has closed
     * its descriptors. In a holder the former server was told to stop.
     */
    CFK_UPGRADE_EVENT_READY = 1,
    /*
     * The new process is gone and nothing has changed. reason tells why:
     * CFK_E_EXITED (status is its exit status), CFK_E_KILLED (status is the
     * signal), CFK_E_TIMEOUT, CFK_E_PROTOCOL, CFK_E_PROBATION (it served, and
     * ended too soon; cause is CFK_E_EXITED or CFK_E_KILLED), CFK_E_REJECTED
     * (status is the code it gave), or CFK_E_STOPPED after
     * cfk_upgrade_cancel() or cfk_upgrade_stop().
     */
    CFK_UPGRADE_EVENT_FAILED = 2,
    /* This process has taken over. */
    CFK_UPGRADE_EVENT_COMMITTED = 3,
    /*
     * The process that started this one has gone: reason is CFK_OK if it said
     * that it had finished (cfk_upgrade_free() says so), else CFK_E_EXITED.
     */
    CFK_UPGRADE_EVENT_PARENT_GONE = 4,
    /* Holder: the serving process ended by itself; reason and status tell how. */
    CFK_UPGRADE_EVENT_EXITED = 5,
    /* Holder: a process that was told to stop has ended; forced if by SIGKILL. */
    CFK_UPGRADE_EVENT_DRAINED = 6,
    /* After cfk_upgrade_stop(): no process started here is left. */
    CFK_UPGRADE_EVENT_STOPPED = 7,
    /* CFK_UPGRADE_CONFIRM: the new process says that it is ready. */
    CFK_UPGRADE_EVENT_PREPARE = 8,
    /*
     * The new process serves, and its probation begins. A process that
     * upgrades itself accepts nothing now, but keeps its sockets: READY or
     * FAILED and RESUME follow. In a holder both servers serve until then;
     * a server that nobody serves beside has no probation.
     */
    CFK_UPGRADE_EVENT_PROBATION = 9,
    /* After FAILED: this process is the only one again, and accepts. */
    CFK_UPGRADE_EVENT_RESUME = 10,
    /* Holder: a server tells more than READY=1, see cfk_upgrade_notification(). */
    CFK_UPGRADE_EVENT_NOTIFIED = 11
};

/* 64 bytes for ever. */
struct cfk_upgrade_event {
    int32_t type;   /* CFK_UPGRADE_EVENT_* */
    int32_t reason; /* CFK_E_EXITED, CFK_E_KILLED, ... or 0 */
    int32_t status; /* exit status, or number of the signal; -1: unknown */
    int32_t pid;    /* of the process in question, or 0 */
    uint32_t generation;
    uint32_t forced; /* 1: it did not end in time and was killed */
    int32_t cause;   /* where reason is CFK_E_PROBATION: how it ended */
    uint32_t reserved32;
    uint64_t reserved[4];
};

/*
 * Do what is to be done and report the next event in *event, or
 * CFK_UPGRADE_EVENT_NONE. Never blocks; call it until there is none.
 * Returns CFK_OK, CFK_E_IO, or CFK_E_PROTOCOL: the process that started this
 * one speaks nonsense, and there will be no COMMITTED. Since 0.1.
 */
CFK_API int cfk_upgrade_process(cfk_upgrade *u, struct cfk_upgrade_event *event,
                                struct cfk_error *err);

/*
 * The same for programs that wait for nothing else: block until there is an
 * event, or until timeout_ns have passed, which gives CFK_UPGRADE_EVENT_NONE.
 * Returns what cfk_upgrade_process() does. Since 0.1.
 */
CFK_API int cfk_upgrade_wait(cfk_upgrade *u, uint64_t timeout_ns,
                             struct cfk_upgrade_event *event, struct cfk_error *err);

/*
 * The process that is starting counts as ready: after CFK_UPGRADE_EVENT_PREPARE,
 * or because the caller has found out by itself (it answers on its port, say).
 * What cfk_upgrade_state_set() was given meanwhile goes with it.
 * Returns CFK_OK or CFK_E_STATE (none is starting). Since 0.1.
 */
CFK_API int cfk_upgrade_confirm(cfk_upgrade *u, struct cfk_error *err);

/*
 * The lines of NAME=VALUE that CFK_UPGRADE_EVENT_NOTIFIED reports, READY=1
 * among them where it was; valid until the next call of cfk_upgrade_process().
 * "" before the first. Since 0.1.
 */
CFK_API const char *cfk_upgrade_notification(const cfk_upgrade *u);

/* The descriptor to poll for reading; the handle's, the same for its life. Since 0.1. */
CFK_API int cfk_upgrade_fd(const cfk_upgrade *u);

/* 1 while the process that started this one through the library runs. Since 0.1. */
CFK_API int cfk_upgrade_has_parent(const cfk_upgrade *u);

/*
 * 1 on a first start, and one more with each upgrade. In a holder: that of
 * the process that serves, 0 before there is one. Since 0.1.
 */
CFK_API uint32_t cfk_upgrade_generation(const cfk_upgrade *u);

/* What a handle, or a process that it started, is about. */
enum {
    CFK_UPGRADE_STARTING = 1,   /* not ready yet */
    CFK_UPGRADE_COMMITTING = 2, /* ready, and has not taken over yet */
    CFK_UPGRADE_PROBATION = 3,  /* serves; its probation is not over */
    CFK_UPGRADE_SERVING = 4,    /* serves */
    CFK_UPGRADE_DRAINING = 5,   /* handed over or told to stop, and finishes */
    CFK_UPGRADE_DYING = 6,      /* failed, and was killed */
    CFK_UPGRADE_STOPPED = 7     /* handle: after cfk_upgrade_stop() */
};

/* 128 bytes for ever. */
struct cfk_upgrade_status {
    uint32_t state;      /* of this process: CFK_UPGRADE_STARTING, ... */
    uint32_t generation; /* as cfk_upgrade_generation() */
    uint64_t started;    /* processes that were started */
    uint64_t succeeded;  /* of these: have served, probation included */
    uint64_t failed;     /* of these: FAILED was reported */
    uint64_t forced;     /* did not stop in time and were killed */
    uint64_t reserved[11];
};

/* Facts about the handle. Since 0.1. */
CFK_API void cfk_upgrade_get_status(const cfk_upgrade *u, struct cfk_upgrade_status *out);

/* A process that the handle started. 64 bytes for ever. */
struct cfk_upgrade_child {
    int32_t pid;
    uint32_t generation;
    uint32_t state; /* CFK_UPGRADE_STARTING ... CFK_UPGRADE_DYING */
    uint32_t reserved32;
    uint64_t reserved[6];
};

/*
 * The process at index, from 0, the latest first, of those whose end was not
 * reported yet. Returns CFK_OK or CFK_E_NOTFOUND. Since 0.1.
 */
CFK_API int cfk_upgrade_get_child(const cfk_upgrade *u, size_t index,
                                  struct cfk_upgrade_child *out, struct cfk_error *err);

/*
 * 1 if pid was started by this handle and its end was not reported yet. For
 * programs that reap children of all kinds: leave these alone. Since 0.1.
 */
CFK_API int cfk_upgrade_owns_pid(const cfk_upgrade *u, int32_t pid);

/*
 * Kill the process that is starting or in its probation;
 * CFK_UPGRADE_EVENT_FAILED follows.
 * Returns CFK_OK or CFK_E_STATE (none is starting). Since 0.1.
 */
CFK_API int cfk_upgrade_cancel(cfk_upgrade *u, struct cfk_error *err);

/* Flags of cfk_upgrade_stop(). */
enum {
    CFK_UPGRADE_NOW = 1,       /* holder: SIGKILL instead of the stop signal */
    CFK_UPGRADE_KEEP_PATHS = 2 /* somebody else keeps the sockets: leave their paths */
};

/*
 * No more upgrades: kill the process that is starting, tell one in its
 * probation and those that serve (holder) to stop, close the handle's
 * descriptors, and remove the UNIX paths
 * that are ours, unless they were handed over or hold another socket by now.
 * CFK_UPGRADE_EVENT_STOPPED follows. May be called again, with more flags.
 * Returns CFK_OK or CFK_E_INVALID (unknown flags). Since 0.1.
 */
CFK_API int cfk_upgrade_stop(cfk_upgrade *u, uint32_t flags, struct cfk_error *err);

/*
 * Tell the service manager that started this process, or the first of those
 * before it, something: the NOTIFY_SOCKET that cfk_upgrade_new() found is handed
 * on through upgrades. What an upgrade means to it is told by itself: RELOADING=1
 * when one begins, MAINPID=n with READY=1 when the new process serves, READY=1
 * when it failed; a holder says these for itself. WATCHDOG_USEC, where it is for
 * this process, is handed on too, see cfk_sd_watchdog().
 * Returns CFK_OK, CFK_E_NOTFOUND (there is none), CFK_E_INVALID or CFK_E_IO.
 * Since 0.1.
 */
CFK_API int cfk_upgrade_tell(cfk_upgrade *u, const char *state, struct cfk_error *err);

/*
 * Tell a service manager something, as sd_notify() does: for servers that
 * have no handle. state is lines of NAME=VALUE, such as "READY=1".
 *
 *   socket  an absolute path, or '@' and an abstract name; NULL means the
 *           environment variable NOTIFY_SOCKET.
 *
 * Returns CFK_OK, CFK_E_NOTFOUND (socket is NULL and there is no such
 * variable: nobody wants to know), CFK_E_INVALID or CFK_E_IO. Since 0.1.
 */
CFK_API int cfk_upgrade_notify(const char *socket, const char *state,
                               struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#include <cfkit/upgrade_holder.h>

#endif
