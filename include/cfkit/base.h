/* SPDX-License-Identifier: MIT */
/*
 * libcfkit: what every component shares: result codes, errors, allocation,
 * version. Include <cfkit/cfkit.h> for everything at once.
 *
 * Conventions, the same in every header:
 *   - A function that can fail returns an int: CFK_OK (0) or a negative
 *     CFK_E_* code. Results leave through pointers and are set on success
 *     only; handles and buffers become NULL on failure.
 *   - The last argument of such a function is a struct cfk_error that the
 *     caller owns and that may be NULL.
 *   - Argument order: handle, inputs, options, outputs, err. A length stands
 *     right after its buffer. Pointers may be NULL only where that is said,
 *     and for free, close, options, err, and a buffer of length 0.
 *   - Bytes are void pointers, text is UTF-8 in char pointers.
 *   - Distinct handles are independent; one handle serves one thread at a
 *     time unless its own comment allows more. The library has no globals,
 *     starts no thread, reads no clock and prints nothing.
 */
#ifndef CFKIT_BASE_H
#define CFKIT_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define CFK_API __attribute__((visibility("default")))
#else
#define CFK_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Result codes. They keep their values and meaning for ever; each has a
 * stable name in kebab case, see cfk_error_name().
 */
enum {
    CFK_OK = 0,

    CFK_E_INVALID = -1,   /* invalid-argument: the caller is to blame */
    CFK_E_NOMEM = -2,     /* no-memory */
    CFK_E_IO = -3,        /* io: a system call failed, see sys_errno */
    CFK_E_CORRUPT = -4,   /* corrupt-input: the input is to blame */
    CFK_E_LIMIT = -5,     /* limit: a limit in the options was met */
    CFK_E_NOTSUP = -6,    /* not-supported: by this build or this version */
    CFK_E_SPACE = -7,     /* buffer-too-small */
    CFK_E_BUSY = -8,      /* busy: one at a time */
    CFK_E_STATE = -9,     /* wrong-state: not now, in this order */
    CFK_E_AGAIN = -10,    /* try-again: nothing to do yet, poll and return */
    CFK_E_RANDOM = -11,   /* no-randomness: the system gives none */
    CFK_E_EXISTS = -12,   /* exists */
    CFK_E_NOTFOUND = -13, /* not-found */

    /* delta */
    CFK_E_REFERENCE = -32, /* wrong-reference: the patch was made against another */

    /* bundle: why there is no valid chain */
    CFK_E_UNKNOWN_ISSUER = -48,  /* unknown-issuer: no path to a trusted root */
    CFK_E_EXPIRED = -49,         /* expired */
    CFK_E_NOT_YET_VALID = -50,   /* not-yet-valid */
    CFK_E_SIGNATURE = -51,       /* bad-signature */
    CFK_E_NOT_CA = -52,          /* not-a-ca: an issuer may not issue */
    CFK_E_PATH_LENGTH = -53,     /* path-length: more CAs than an issuer allows */
    CFK_E_USAGE = -54,           /* wrong-usage: key usage or extended key usage */
    CFK_E_NAME = -55,            /* name-mismatch: not for this host */
    CFK_E_KEY = -56,             /* key-mismatch: not this private key */
    CFK_E_CRITICAL = -57,        /* unknown-critical: extension not understood */
    CFK_E_WEAK = -58,            /* weak-algorithm: hash or key too weak to trust */
    CFK_E_NAME_CONSTRAINT = -59, /* name-constraint: a name that an issuer may not give */
    CFK_E_PROFILE = -60,         /* profile: a rule on the form of certificates */
    CFK_E_POLICY = -61,          /* no-policy: none of the policies that are asked for */
    CFK_E_REVOKED = -62,         /* revoked: by a CRL */
    CFK_E_REVOCATION = -63,      /* revocation-unknown: no CRL tells */
    CFK_E_PLATFORM = -64, /* untrusted-platform: one that is required trusts no chain */

    /* split */
    CFK_E_NEED_MORE = -80,  /* need-more: not enough people */
    CFK_E_PASSPHRASE = -81, /* wrong-passphrase */
    CFK_E_SHARE = -82,      /* wrong-share: forged or mistyped, and named */
    CFK_E_OTHER_SET = -83,  /* other-set: shares of different secrets */
    CFK_E_GENERATION = -84, /* old-generation: shares from before a change */
    CFK_E_ONE_PERSON = -85, /* one-person: a policy that somebody meets alone */

    /* upgrade: why the old process goes on */
    CFK_E_EXITED = -96,     /* exited: the new process ended before it served */
    CFK_E_KILLED = -97,     /* killed: by a signal before it served */
    CFK_E_TIMEOUT = -98,    /* timeout: not ready in time */
    CFK_E_EXEC = -99,       /* exec-failed: see sys_errno */
    CFK_E_PARENT = -100,    /* parent-alive: the former process still drains */
    CFK_E_PROTOCOL = -101,  /* protocol: the other side speaks nonsense */
    CFK_E_STOPPED = -102,   /* stopped: this process has handed over or stopped */
    CFK_E_PROBATION = -103, /* probation: the new process served and ended too soon */
    CFK_E_REJECTED = -104   /* rejected: the new process does not want the state */
};

/*
 * What went wrong. 256 bytes for ever. Zero it, pass it anywhere, copy it
 * freely; it owns nothing. The message is for people and may improve; it
 * holds no secret and ends in no full stop.
 */
struct cfk_error {
    int32_t code;      /* CFK_E_* */
    int32_t sys_errno; /* for CFK_E_IO and CFK_E_EXEC, else 0 */
    uint64_t offset;   /* byte of the input that is to blame, else 0 */
    uint64_t reserved[2];
    char message[224]; /* "bundle: leaf.pem: certificate 2 expired on 2026-01-31" */
};

/*
 * The stable name of a code in kebab case, such as "corrupt-input"; "ok" for
 * CFK_OK and "unknown" for a number that is no code. Static. Since 0.1.
 */
CFK_API const char *cfk_error_name(int code);

/* The message of err, or "" where err is NULL. For bindings. Since 0.1. */
CFK_API const char *cfk_error_message(const struct cfk_error *err);

/*
 * Where memory comes from. Options structs carry a pointer to one; NULL
 * means malloc, realloc and free. The struct is copied by handles that keep
 * it; what ctx points to must outlive them. allocate and reallocate return
 * memory aligned for any type, or NULL; release accepts NULL. The
 * functions may be called from any thread that uses the handle. Memory taken
 * by zstd, mbedTLS and libyaml for their own work does not come from here.
 */
struct cfk_alloc {
    void *(*allocate)(void *ctx, size_t size);
    void *(*reallocate)(void *ctx, void *block, size_t size);
    void (*release)(void *ctx, void *block);
    void *ctx;
};

/*
 * Release a buffer that a libcfkit function handed out, with the allocator
 * it was made with (NULL: the default one). block may be NULL. Since 0.1.
 */
CFK_API void cfk_free(const struct cfk_alloc *alloc, void *block);

/* Version of the library in use, "0.1.0". Static. Since 0.1. */
CFK_API const char *cfk_version(void);

/* The same as major * 1000000 + minor * 1000 + patch. Since 0.1. */
CFK_API uint32_t cfk_version_number(void);

/*
 * 1 if the library was built with the component ("delta", "bundle", "split",
 * "structures", "upgrade") or crypto back end ("mbedtls", "openssl"), else
 * 0. The functions of a component that is absent exist and return
 * CFK_E_NOTSUP. Since 0.1.
 */
CFK_API int cfk_has(const char *feature);

#ifdef __cplusplus
}
#endif

#endif
