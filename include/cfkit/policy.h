/* SPDX-License-Identifier: MIT */
/*
 * Who together may open a secret, as text: a tree of gates, each of which wants
 * a number of its members.
 *
 *     2 of (alice, bob, carol)
 *     alice and (bob or carol)
 *     3 of (ops*2, alice, bob)              ops counts twice
 *     (2, alice, bob, (1, carol, dave))     as Red October writes it
 *     alice & (bob | carol)                 so, too
 *
 * "and" binds tighter than "or". A name is UTF-8 of up to 64 bytes: letters,
 * digits, and _ . - @ + behind the first; in double quotes also with spaces, or
 * if it is a number or one of the words and, or, of. Names that look alike are
 * kept apart: control and invisible characters, combining marks (write the
 * composed letter) and letters of several scripts in one name are refused, and
 * so are two names that differ in case alone.
 *
 * A policy that one person alone meets is refused unless that is allowed: it
 * takes two, that is the point.
 */
#ifndef CFKIT_POLICY_H
#define CFKIT_POLICY_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CFK_POLICY_MAX_TEXT = 131072, /* bytes that are read */
    CFK_POLICY_MAX_NAME = 64,     /* bytes of a name */
    CFK_POLICY_MAX_PEOPLE = 255,  /* different names */
    CFK_POLICY_MAX_WEIGHT = 255,  /* of the members of one gate together */
    CFK_POLICY_MAX_DEPTH = 16,    /* gates inside each other */
    CFK_POLICY_MAX_LEAVES = 1024  /* names, each counted as often as its weights say */
};

/* It never changes, so that any number of threads may use it at once. */
typedef struct cfk_policy cfk_policy;

struct cfk_policy_options {
    size_t size;                   /* sizeof(struct cfk_policy_options) */
    uint32_t allow_single;         /* 1: one person alone may meet it */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Read a policy of len bytes into *out; release it with cfk_policy_free(). The
 * message of an error tells the column; err->offset is the byte. Returns
 *
 *   CFK_OK
 *   CFK_E_INVALID     it is not written as above, names somebody twice in one
 *                     gate, or wants more than a gate has, or nothing of it
 *   CFK_E_ONE_PERSON  one person alone would meet it
 *   CFK_E_LIMIT       over one of the limits above
 *   CFK_E_NOTSUP, CFK_E_NOMEM
 *
 * A gate with a single member is that member. Since 0.1.
 */
CFK_API int cfk_policy_parse(const char *text, size_t len,
                             const struct cfk_policy_options *opts, cfk_policy **out,
                             struct cfk_error *err);

/* policy may be NULL. Since 0.1. */
CFK_API void cfk_policy_free(cfk_policy *policy);

/*
 * The policy in its one canonical spelling, which reads as the same policy
 * again. It lives as long as the policy. Since 0.1.
 */
CFK_API const char *cfk_policy_text(const cfk_policy *policy);

/* How many different people it names: 1 to 255. Since 0.1. */
CFK_API size_t cfk_policy_people(const cfk_policy *policy);

/*
 * Their names in the order in which the text has them first, or NULL where
 * index is not below cfk_policy_people(). It lives as long as the policy.
 * Since 0.1.
 */
CFK_API const char *cfk_policy_person(const cfk_policy *policy, size_t index);

/*
 * 1 if these people together meet the policy, else 0. Names that it does not
 * have count for nothing, and a name counts once however often it is given.
 * Since 0.1.
 */
CFK_API int cfk_policy_satisfied(const cfk_policy *policy, const char *const *names,
                                 size_t count);

/*
 * Who else it takes: put the names of a set of people who, together with the
 * count given ones, meet the policy into missing, which has room for
 * cfk_policy_people() pointers, and return how many they are (0: it is met).
 * None of them could be left out; where no person stands in several places of
 * the policy, no smaller set would do. The names live as long as the policy.
 * Since 0.1.
 */
CFK_API size_t cfk_policy_missing(const cfk_policy *policy, const char *const *names,
                                  size_t count, const char **missing);

/*
 * The same for everybody who is not among the given ones and could bring them
 * nearer: the people to ask. Since 0.1.
 */
CFK_API size_t cfk_policy_helpers(const cfk_policy *policy, const char *const *names,
                                  size_t count, const char **helpers);

/*
 * The policy with one more person in its outermost gate, which wants as many as
 * before, or without a person wherever they stand, in *out; release it with
 * cfk_policy_free(). Returns what cfk_policy_parse() returns, and
 *
 *   CFK_E_EXISTS    with: the policy has that person
 *   CFK_E_NOTFOUND  without: it has not
 *   CFK_E_INVALID   with: the outermost gate has other gates in it, or weights, so
 *                   that it is not plain what is wanted; without: nobody could
 *                   meet the policy. Then a new policy has to be written.
 *
 * Since 0.1.
 */
CFK_API int cfk_policy_with(const cfk_policy *policy, const char *name,
                            const struct cfk_policy_options *opts, cfk_policy **out,
                            struct cfk_error *err);
CFK_API int cfk_policy_without(const cfk_policy *policy, const char *name,
                               const struct cfk_policy_options *opts, cfk_policy **out,
                               struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
