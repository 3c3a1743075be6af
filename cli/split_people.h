/* SPDX-License-Identifier: MIT */
/* The people of a lock: those who open it, and those who shall. */
#ifndef SPLIT_PEOPLE_H
#define SPLIT_PEOPLE_H

#include "common/cli.h"
#include "common/passphrase.h"

/* Those who open: --as NAME and --identity FILE, in the order that they were given. */
struct split_givers {
    struct {
        const char *name;
        const char *identity;
    } who[CFK_POLICY_MAX_PEOPLE];
    size_t count;
};

enum { SPLIT_WORDS = 6, SPLIT_WORDS_SIZE = 9 * SPLIT_WORDS };

/* Those who get a key: --people FILE, NAME=PUBLIC, --ask NAME, --generate NAME. */
struct split_takers {
    const char *people; /* path of a YAML map of names to public texts, or NULL */
    const char *pairs[CFK_POLICY_MAX_PEOPLE];
    size_t pair_count;
    struct {
        const char *name;
        bool generate;
        char words[SPLIT_WORDS_SIZE]; /* that were */
    } asked[CFK_POLICY_MAX_PEOPLE];
    size_t asked_count;
    size_t generated_count;
};

/* False where there are too many. */
bool split_givers_add(struct split_givers *givers, const char *name,
                      const char *identity);
bool split_takers_ask(struct split_takers *takers, const char *name, bool generate);
bool split_takers_pair(struct split_takers *takers, const char *pair);

/*
 * Have them give what they open the lock with, and open it; where nobody is named
 * everybody who has a passphrase is asked in turn. path is that of the lock. The
 * person or file that is wrong is named.
 */
int split_open_lock(cfk_lock *lock, const char *path, const struct split_givers *givers,
                    struct cli_passphrase_source *source, struct cfk_error *err);

/*
 * Set the keys of those of the planned policy who are told of. The file is asked for
 * people who are not in the policy before, which may be NULL; others in it are passed
 * over.
 */
int split_set_keys(cfk_lock *lock, struct split_takers *takers, const cfk_policy *before,
                   struct cli_passphrase_source *source, struct cfk_error *err);

/*
 * Print the passphrases that were generated, a line each, or put them into answer with
 * JSON; then wipe them.
 */
void split_tell_words(struct split_takers *takers, json_t *answer);

/* The name of a pair "NAME=PUBLIC", on the heap; *public_text points into the pair. */
char *split_pair_name(const char *pair, const char **public_text);

#endif
