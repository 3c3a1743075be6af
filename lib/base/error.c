/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct cfk_error) == 256, "part of the ABI");

static void report(struct cfk_error *err, int code, const char *format, va_list args)
    CFK__PRINTF(3, 0);

static void report(struct cfk_error *err, int code, const char *format, va_list args)
{
    *err = (struct cfk_error){ .code = code };
    vsnprintf(err->message, sizeof err->message, format, args);
}

int cfk__fail(struct cfk_error *err, int code, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return code;
    va_start(args, format);
    report(err, code, format, args);
    va_end(args);
    return code;
}

int cfk__fail_at(struct cfk_error *err, int code, uint64_t offset, const char *format,
                 ...)
{
    va_list args;

    if (err == NULL)
        return code;
    va_start(args, format);
    report(err, code, format, args);
    va_end(args);
    err->offset = offset;
    return code;
}

int cfk__fail_errno(struct cfk_error *err, int code, int sys_errno, const char *format,
                    ...)
{
    va_list args;
    char words[96];
    size_t len;

    if (err == NULL)
        return code;
    va_start(args, format);
    report(err, code, format, args);
    va_end(args);
    err->sys_errno = sys_errno;
    if (strerror_r(sys_errno, words, sizeof words) != 0)
        snprintf(words, sizeof words, "error %d", sys_errno);
    len = strlen(err->message);
    snprintf(err->message + len, sizeof err->message - len, ": %s", words);
    return code;
}

int cfk__fail_absent(struct cfk_error *err, const char *component)
{
    return cfk__fail(err, CFK_E_NOTSUP, "%s: this libcfkit was built without it",
                     component);
}

const char *cfk_error_name(int code)
{
    switch (code) {
    case CFK_OK: return "ok";
    case CFK_E_INVALID: return "invalid-argument";
    case CFK_E_NOMEM: return "no-memory";
    case CFK_E_IO: return "io";
    case CFK_E_CORRUPT: return "corrupt-input";
    case CFK_E_LIMIT: return "limit";
    case CFK_E_NOTSUP: return "not-supported";
    case CFK_E_SPACE: return "buffer-too-small";
    case CFK_E_BUSY: return "busy";
    case CFK_E_STATE: return "wrong-state";
    case CFK_E_AGAIN: return "try-again";
    case CFK_E_RANDOM: return "no-randomness";
    case CFK_E_EXISTS: return "exists";
    case CFK_E_NOTFOUND: return "not-found";
    case CFK_E_REFERENCE: return "wrong-reference";
    case CFK_E_UNKNOWN_ISSUER: return "unknown-issuer";
    case CFK_E_EXPIRED: return "expired";
    case CFK_E_NOT_YET_VALID: return "not-yet-valid";
    case CFK_E_SIGNATURE: return "bad-signature";
    case CFK_E_NOT_CA: return "not-a-ca";
    case CFK_E_PATH_LENGTH: return "path-length";
    case CFK_E_USAGE: return "wrong-usage";
    case CFK_E_NAME: return "name-mismatch";
    case CFK_E_KEY: return "key-mismatch";
    case CFK_E_CRITICAL: return "unknown-critical";
    case CFK_E_WEAK: return "weak-algorithm";
    case CFK_E_NAME_CONSTRAINT: return "name-constraint";
    case CFK_E_PROFILE: return "profile";
    case CFK_E_POLICY: return "no-policy";
    case CFK_E_REVOKED: return "revoked";
    case CFK_E_REVOCATION: return "revocation-unknown";
    case CFK_E_PLATFORM: return "untrusted-platform";
    case CFK_E_NEED_MORE: return "need-more";
    case CFK_E_PASSPHRASE: return "wrong-passphrase";
    case CFK_E_SHARE: return "wrong-share";
    case CFK_E_OTHER_SET: return "other-set";
    case CFK_E_GENERATION: return "old-generation";
    case CFK_E_ONE_PERSON: return "one-person";
    case CFK_E_EXITED: return "exited";
    case CFK_E_KILLED: return "killed";
    case CFK_E_TIMEOUT: return "timeout";
    case CFK_E_EXEC: return "exec-failed";
    case CFK_E_PARENT: return "parent-alive";
    case CFK_E_PROTOCOL: return "protocol";
    case CFK_E_STOPPED: return "stopped";
    case CFK_E_PROBATION: return "probation";
    case CFK_E_REJECTED: return "rejected";
    default: return "unknown";
    }
}

const char *cfk_error_message(const struct cfk_error *err)
{
    return err == NULL ? "" : err->message;
}
