/* SPDX-License-Identifier: MIT */
/*
 * A page changes, and only the change travels: the server keeps the version that
 * its visitor has, and sends a patch in the form that browsers understand.
 *
 *     cc delta.c $(pkg-config --cflags --libs libcfkit) && ./a.out
 */
#include <cfkit/delta.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int rc, const struct cfk_error *err)
{
    if (rc == CFK_OK)
        return;
    fprintf(stderr, "%s: %s\n", cfk_error_name(rc), err->message);
    exit(EXIT_FAILURE);
}

/* A list of prices; that of one article is given. */
static size_t make_page(char *page, size_t size, int article, int price)
{
    size_t used = 0;

    for (int i = 0; i < 200; i++)
        used += (size_t)snprintf(page + used, size - used,
                                 "<li>Article %d costs %d cents</li>\n", i,
                                 i == article ? price : i * 7919 % 1000);
    return used;
}

/* Take the patch in small pieces, as a socket gives it. */
static size_t receive(const cfk_delta_ref *ref, const char *patch, size_t patch_size,
                      char *page, size_t capacity)
{
    struct cfk_error err;
    cfk_delta_decoder *decoder;
    size_t at = 0;
    size_t size = 0;

    check(cfk_delta_decoder_new(ref, NULL, &decoder, &err), &err);
    while (at < patch_size) {
        size_t piece = patch_size - at < 16 ? patch_size - at : 16;
        size_t used;
        size_t given;

        check(cfk_delta_decoder_update(decoder, patch + at, piece, &used, page + size,
                                       capacity - size, &given, &err),
              &err);
        at += used;
        size += given;
    }
    check(cfk_delta_decoder_finish(decoder, &err), &err);
    cfk_delta_decoder_free(decoder);
    return size;
}

int main(void)
{
    static char before[16384];
    static char after[16384];
    static char received[16385];
    size_t before_size = make_page(before, sizeof before, -1, 0);
    size_t after_size = make_page(after, sizeof after, 42, 999);
    size_t received_size;
    struct cfk_error err;
    cfk_delta_ref *ref;
    cfk_delta_ref *other;
    void *patch;
    void *page;
    size_t patch_size;
    int rc;

    check(cfk_delta_ref_new(before, before_size, NULL, &ref, &err), &err);
    check(cfk_delta_encode(ref, after, after_size, NULL, &patch, &patch_size, &err),
          &err);
    printf("a page of %zu bytes, a patch of %zu\n", after_size, patch_size);

    received_size = receive(ref, patch, patch_size, received, sizeof received);
    if (received_size != after_size || memcmp(received, after, after_size) != 0)
        return EXIT_FAILURE;
    printf("received as it was sent\n");

    /* Somebody with another old version is told so. */
    check(cfk_delta_ref_new(after, after_size, NULL, &other, &err), &err);
    rc = cfk_delta_decode(other, patch, patch_size, NULL, &page, &after_size, &err);
    printf("%s: %s\n", cfk_error_name(rc), err.message);

    cfk_delta_ref_free(other);
    cfk_delta_ref_free(ref);
    cfk_free(NULL, patch);
    return rc == CFK_E_REFERENCE ? EXIT_SUCCESS : EXIT_FAILURE;
}
