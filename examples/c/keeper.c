/* SPDX-License-Identifier: MIT */
/*
 * A server that opens a lock while its people are away: alice and bob delegate to
 * it for some minutes and uses, a deployment asks twice and gets it once.
 *
 *     cc keeper.c $(pkg-config --cflags --libs libcfkit) -o keeper && ./keeper
 */
#define _GNU_SOURCE /* CLOCK_BOOTTIME */

#include <cfkit/keeper.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char policy[] = "2 of (alice, bob, carol)";
static const char *const people[] = { "alice", "bob", "carol" };

static void check(int rc, const struct cfk_error *err)
{
    if (rc == CFK_OK)
        return;
    fprintf(stderr, "%s (%s)\n", err->message, cfk_error_name(rc));
    exit(EXIT_FAILURE);
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void write_log(void *ctx, const struct cfk_keeper_event *event)
{
    static const char *const what[] = { "",     "delegated", "replaced", "opened",
                                        "used", "expired",   "revoked" };

    (void)ctx;
    printf("log: %s %s%s%s, %" PRIu64 " uses left: %s\n", what[event->what],
           event->person != NULL ? event->person : "",
           event->asker != NULL ? " for " : "", event->asker != NULL ? event->asker : "",
           event->uses, cfk_error_name(event->code));
}

/* Make a lock file of a small secret; who locks needs nobody's secret for it. */
static size_t make_file(cfk_identity *const *identities, uint8_t *file)
{
    static const char secret[] = "open sesame";
    struct cfk_error err;
    cfk_split_sealer *sealer;
    const void *part;
    cfk_lock *lock;
    size_t size, used, total;

    check(cfk_lock_new(policy, strlen(policy), NULL, &lock, &err), &err);
    for (int i = 0; i < 3; i++)
        check(cfk_lock_set_public(lock, people[i], cfk_identity_public(identities[i]),
                                  &err),
              &err);
    check(cfk_lock_seal(lock, &sealer, &err), &err);
    check(cfk_lock_head(lock, &part, &total, &err), &err);
    memcpy(file, part, total);
    check(cfk_split_sealer_update(sealer, secret, sizeof secret - 1, &used, &part, &size,
                                  &err),
          &err);
    check(cfk_split_sealer_finish(sealer, &part, &size, &err), &err);
    memcpy(file + total, part, size);
    cfk_split_sealer_free(sealer);
    cfk_lock_free(lock);
    return total + size;
}

static void print_secret(cfk_lock *lock, const uint8_t *file, size_t size)
{
    struct cfk_error err;
    cfk_split_opener *opener;
    const void *plain;
    size_t used, plain_size;

    check(cfk_lock_opener(lock, &opener, &err), &err);
    for (size_t at = CFK_LOCK_HEAD; at < size; at += used)
        check(cfk_split_opener_update(opener, file + at, size - at, &used, &plain,
                                      &plain_size, &err),
              &err);
    check(cfk_split_opener_finish(opener, &plain, &plain_size, &err), &err);
    printf("the secret: %.*s\n", (int)plain_size, (const char *)plain);
    cfk_split_opener_free(opener);
}

/* What the server does when somebody asks. */
static void serve(cfk_keeper *keeper, const char *asker, const uint8_t *file, size_t size)
{
    struct cfk_keeper_request request = { sizeof request, asker, NULL, 0 };
    const char *helpers[CFK_POLICY_MAX_PEOPLE];
    struct cfk_error err;
    cfk_lock *lock;
    int rc;

    check(cfk_lock_read(file, CFK_LOCK_HEAD, NULL, &lock, &err), &err);
    rc = cfk_keeper_open(keeper, lock, &request, now(), &err);
    if (rc == CFK_OK) {
        print_secret(lock, file, size);
    } else {
        size_t count = cfk_keeper_helpers(keeper, lock, &request, now(), helpers);

        printf("%s: %s\n", cfk_error_name(rc), err.message);
        for (size_t i = 0; i < count; i++)
            printf("ask %s\n", helpers[i]);
    }
    cfk_lock_free(lock);
}

int main(void)
{
    static const char *const askers[] = { "deployment" };
    struct cfk_keeper_options options = { sizeof options, 0, write_log, NULL, NULL };
    struct cfk_keeper_terms terms = { .size = sizeof terms,
                                      .uses = 1,
                                      .seconds = 600,
                                      .askers = askers,
                                      .asker_count = 1,
                                      .unlabelled = 1 };
    static uint8_t file[CFK_LOCK_HEAD + 1024];
    cfk_identity *identities[3];
    struct cfk_error err;
    cfk_keeper *keeper;
    size_t size;

    for (int i = 0; i < 3; i++)
        check(cfk_identity_new(NULL, &identities[i], &err), &err);
    size = make_file(identities, file);

    check(cfk_keeper_new(&options, &keeper, &err), &err);
    for (int i = 0; i < 2; i++) {
        terms.person = people[i];
        check(cfk_keeper_delegate_identity(keeper, identities[i], &terms, now(), &err),
              &err);
    }
    printf("a timer for the next %d minutes\n",
           (int)((cfk_keeper_next_expiry(keeper) - now()) / 60000000000 + 1));
    serve(keeper, "somebody", file, size);
    serve(keeper, "deployment", file, size);
    serve(keeper, "deployment", file, size);

    cfk_keeper_free(keeper); /* wipes what is left */
    for (int i = 0; i < 3; i++)
        cfk_identity_free(identities[i]);
    return 0;
}
