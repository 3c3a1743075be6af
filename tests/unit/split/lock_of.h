/* SPDX-License-Identifier: MIT */
/* Locks for people, for tests: made, opened, changed in memory. */
#ifndef LOCK_OF_H
#define LOCK_OF_H

#include "cfkit/lock.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

enum { HEAD = CFK_LOCK_HEAD, SLOT = HEAD / 2, KEYS = 8 };

/* What a guess costs is as little as Argon2id allows. */
static const struct cfk_lock_options cheap = { .size = sizeof cheap,
                                               .memory_kib = 8,
                                               .passes = 1 };
static const struct cfk_lock_options alone = {
    .size = sizeof alone, .memory_kib = 8, .passes = 1, .allow_single = 1
};

/* A file in memory. */
struct file {
    uint8_t *data;
    size_t size;
};

static inline void file_append(struct file *file, const void *data, size_t size)
{
    if (size == 0)
        return;
    file->data = realloc(file->data, file->size + size);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static inline cfk_identity *identity_new(void)
{
    cfk_identity *identity;

    ck_assert_int_eq(cfk_identity_new(NULL, &identity, NULL), CFK_OK);
    return identity;
}

static inline void set_public(cfk_lock *lock, const char *name,
                              const cfk_identity *identity)
{
    struct cfk_error err;

    ck_assert_msg(cfk_lock_set_public(lock, name, cfk_identity_public(identity), &err) ==
                      CFK_OK,
                  "%s", err.message);
}

static inline void set_words(cfk_lock *lock, const char *name, const char *words)
{
    struct cfk_error err;

    ck_assert_msg(cfk_lock_set_passphrase(lock, name, words, strlen(words), &err) ==
                      CFK_OK,
                  "%s", err.message);
}

/* The file of a lock whose people have keys. */
static inline struct file lock_file(cfk_lock *lock, const void *secret, size_t size)
{
    struct file file = { NULL, 0 };
    const uint8_t *p = secret;
    cfk_split_sealer *sealer;
    struct cfk_error err;
    const void *out;
    size_t out_size, used;

    ck_assert_msg(cfk_lock_seal(lock, &sealer, &err) == CFK_OK, "%s", err.message);
    ck_assert_int_eq(cfk_lock_head(lock, &out, &out_size, NULL), CFK_OK);
    ck_assert_uint_eq(out_size, HEAD);
    file_append(&file, out, out_size);
    while (size > 0) {
        ck_assert_int_eq(
            cfk_split_sealer_update(sealer, p, size, &used, &out, &out_size, NULL),
            CFK_OK);
        file_append(&file, out, out_size);
        p += used;
        size -= used;
    }
    ck_assert_int_eq(cfk_split_sealer_finish(sealer, &out, &out_size, NULL), CFK_OK);
    file_append(&file, out, out_size);
    cfk_split_sealer_free(sealer);
    return file;
}

/* Every person NAME opens with the passphrase "words of NAME". */
static inline struct file lock_with_words(const char *policy, const void *secret,
                                          size_t size)
{
    struct cfk_error err;
    struct file file;
    cfk_lock *lock;

    ck_assert_msg(cfk_lock_new(policy, strlen(policy), &alone, &lock, &err) == CFK_OK,
                  "%s", err.message);
    for (size_t i = 0; i < cfk_policy_people(cfk_lock_policy(lock)); i++) {
        const char *name = cfk_policy_person(cfk_lock_policy(lock), i);
        char words[100] = "words of ";

        set_words(lock, name, strcat(words, name));
    }
    file = lock_file(lock, secret, size);
    cfk_lock_free(lock);
    return file;
}

static inline int give_words(cfk_lock *lock, const char *name, struct cfk_error *err)
{
    char words[100] = "words of ";

    strcat(words, name);
    return cfk_lock_give_passphrase(lock, name, words, strlen(words), err);
}

static inline cfk_lock *lock_read(const struct file *file)
{
    struct cfk_error err;
    cfk_lock *lock;

    ck_assert_msg(cfk_lock_read(file->data, file->size, &cheap, &lock, &err) == CFK_OK,
                  "%s", err.message);
    return lock;
}

static inline struct cfk_lock_info lock_info(const cfk_lock *lock)
{
    struct cfk_lock_info info = { .size = sizeof info };

    ck_assert_int_eq(cfk_lock_show(lock, &info, NULL), CFK_OK);
    return info;
}

/* What the payload is, with an open lock; the code at the end. */
static inline int payload(cfk_lock *lock, const struct file *file, struct file *plain,
                          struct cfk_error *err)
{
    const uint8_t *p = file->data + (file->size < HEAD ? file->size : HEAD);
    size_t left = file->size < HEAD ? 0 : file->size - HEAD;
    cfk_split_opener *opener;
    const void *out;
    size_t out_size, used;
    int rc = cfk_lock_opener(lock, &opener, err);

    *plain = (struct file){ NULL, 0 };
    while (rc == CFK_OK && left > 0) {
        rc = cfk_split_opener_update(opener, p, left, &used, &out, &out_size, err);
        file_append(plain, out, out_size);
        p += used;
        left -= used;
    }
    if (rc == CFK_OK) {
        rc = cfk_split_opener_finish(opener, &out, &out_size, err);
        file_append(plain, out, out_size);
    }
    cfk_split_opener_free(opener);
    return rc;
}

/* Read, give the words of names (up to NULL), open, compare. The first failure. */
static inline int open_with(const struct file *file, const char *const *names,
                            const void *secret, size_t size, struct cfk_error *err)
{
    struct file plain = { NULL, 0 };
    cfk_lock *lock;
    int rc = cfk_lock_read(file->data, file->size, &cheap, &lock, err);

    for (; rc == CFK_OK && *names != NULL; names++)
        rc = give_words(lock, *names, err);
    if (rc == CFK_OK)
        rc = cfk_lock_open(lock, err);
    if (rc == CFK_OK)
        rc = payload(lock, file, &plain, err);
    if (rc == CFK_OK) {
        ck_assert_uint_eq(plain.size, size);
        ck_assert(size == 0 || memcmp(plain.data, secret, size) == 0);
    }
    free(plain.data);
    cfk_lock_free(lock);
    return rc;
}

/* The pieces of a change over the file, up to count of them. */
static inline void write_pieces(const cfk_lock *lock, struct file *file, uint32_t count)
{
    uint64_t offset;
    const void *data;
    size_t size;

    for (uint32_t i = 0; i < count && cfk_lock_piece(lock, i, &offset, &data, &size); i++)
        memcpy(file->data + offset, data, size);
}

#endif
