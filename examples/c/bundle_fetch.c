/* SPDX-License-Identifier: MIT */
/*
 * A server's file that lacks its intermediate: libcfkit asks for it where the
 * certificate says that it is, and takes it only because a trusted root vouches
 * for it. Here the web is one page; a program has its HTTP client in its place.
 *
 *     cc bundle_fetch.c $(pkg-config --cflags --libs libcfkit) && ./a.out
 */
#include <cfkit/bundle.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
/* The root that we trust. */
static const char root[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBcjCCARigAwIBAgIUHGeqpD0w1hwybwV+12qFKYYlfa0wCgYIKoZIzj0EAwIw\n"
    "FzEVMBMGA1UEAwwMRXhhbXBsZSBSb290MB4XDTI2MTEyMDE2MzI1NloXDTQ5MDgx\n"
    "MTE2MzI1NlowFzEVMBMGA1UEAwwMRXhhbXBsZSBSb290MFkwEwYHKoZIzj0CAQYI\n"
    "KoZIzj0DAQcDQgAE7zz8vwaRk//Rs8P7NsNZSROWV7/bLdcCCmQImR1ImL0pDQ+U\n"
    "itDW8BHqxQscn1slAWw/pTxtmIvvrTzKEjtFT6NCMEAwDwYDVR0TAQH/BAUwAwEB\n"
    "/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFNhhHQAWiUjcKI6aGRgV7/IS1xgV\n"
    "MAoGCCqGSM49BAMCA0gAMEUCIQDORzvnXAgrRWJwxx6wejePtFIMzpeU91eyPGf5\n"
    "PyvIKAIgQar0oJf38pi4fX8pDXq955bMfKx7ctbEXE9blRUtaF0=\n"
    "-----END CERTIFICATE-----\n";

/* All that the server's file has: its own certificate. */
static const char file[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB3TCCAYOgAwIBAgIBAzAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJFeGFtcGxl\n"
    "IElzc3VpbmcgQ0EwHhcNMjYxMTIwMTYzMjU3WhcNNDkwMTIzMTYzMjU3WjAbMRkw\n"
    "FwYDVQQDDBB3d3cuZXhhbXBsZS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
    "QgAEduKy8LsMTL3mOGvxx9Lz88v9RZ/tmslxjTSxFHDxIJHwYrI4aZwssL7ax2c5\n"
    "WgHS2/dfuN8ruPbBdiE9XBetDaOBtTCBsjAbBgNVHREEFDASghB3d3cuZXhhbXBs\n"
    "ZS50ZXN0MBMGA1UdJQQMMAoGCCsGAQUFBwMBMD4GCCsGAQUFBwEBBDIwMDAuBggr\n"
    "BgEFBQcwAoYiaHR0cDovL2NhLmV4YW1wbGUudGVzdC9pc3N1aW5nLnBlbTAdBgNV\n"
    "HQ4EFgQUDVT04JA/LGILNQ8UKvEQNx1NkGwwHwYDVR0jBBgwFoAUesjLrOsTA5Er\n"
    "9iEgSacnLEp3XlMwCgYIKoZIzj0EAwIDSAAwRQIhAI2S++eUuyYsbv2cglGku3U2\n"
    "8/fpNdh6D668ewP7yJ2jAiBgBiAS/nxPZDeA3zwB8oal5FGtIljyQaNpPASWPs7K\n"
    "bA==\n"
    "-----END CERTIFICATE-----\n";

/* What is at http://ca.example.test/issuing.pem. */
static const char page[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBhTCCASygAwIBAgIBAjAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxFeGFtcGxl\n"
    "IFJvb3QwHhcNMjYxMTIwMTYzMjU2WhcNNDkwNTAzMTYzMjU2WjAdMRswGQYDVQQD\n"
    "DBJFeGFtcGxlIElzc3VpbmcgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARf\n"
    "l8eGWIw7nWq6T5yrtopafpIBLw5obmycFzNtBT3z8NbPyHzmvN2stw6AnMPYJKuN\n"
    "wSLEplVO75ZnyqAtteXyo2MwYTAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQE\n"
    "AwICBDAdBgNVHQ4EFgQUesjLrOsTA5Er9iEgSacnLEp3XlMwHwYDVR0jBBgwFoAU\n"
    "2GEdABaJSNwojpoZGBXv8hLXGBUwCgYIKoZIzj0EAwIDRwAwRAIgTPIvHi7OB87o\n"
    "qCm05rTE7vTs05/eGlo/LFPIdUISWX4CICE9LKks0S9DIzg32o+54OQUCSpxMb+M\n"
    "ia3Hx3RCwV2x\n"
    "-----END CERTIFICATE-----\n";
/* clang-format on */

static void check(int rc, const struct cfk_error *err)
{
    if (rc == CFK_OK)
        return;
    fprintf(stderr, "%s: %s\n", cfk_error_name(rc), err->message);
    exit(EXIT_FAILURE);
}

/*
 * The network. A real one refuses hosts that only we can reach, follows few redirects,
 * limits the time, and hands over piece by piece what comes.
 */
static int get(void *ctx, const char *url, cfk_bundle_answer *answer,
               struct cfk_error *err)
{
    unsigned *requests = ctx;

    printf("asking for %s\n", url);
    ++*requests;
    if (strcmp(url, "http://ca.example.test/issuing.pem") != 0) {
        snprintf(err->message, sizeof err->message, "there is no %s", url);
        return CFK_E_NOTFOUND;
    }
    return cfk_bundle_answer_add(answer, page, strlen(page), err);
}

static void show(cfk_bundle_result *result)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    struct cfk_error err = { 0 };

    check(cfk_bundle_reason(result, &err), &err);
    check(cfk_bundle_chain(result, 0, &chain, &err), &err);
    for (size_t i = 0; i < chain.length; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };

        check(cfk_bundle_chain_cert(result, 0, i, &cert, &err), &err);
        printf("  %s%s\n", cert.subject,
               cert.from == CFK_BUNDLE_FETCHED ? ", fetched" : "");
    }
}

int main(void)
{
    const int64_t now = 1800000000; /* January 2027; a server passes time(NULL) */
    struct cfk_bundle_fetch_options fetch = { .size = sizeof fetch, .get = get };
    struct cfk_bundle_options opts = { .size = sizeof opts, .fetch = &fetch };
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;
    unsigned requests = 0;
    size_t leaf_size;
    void *leaf;

    fetch.ctx = &requests;
    fetch.max_count = 4;
    opts.host = "www.example.test";
    check(cfk_bundle_pool_new(NULL, &pool, &err), &err);
    check(cfk_bundle_pool_add(pool, root, strlen(root), CFK_BUNDLE_ROOT, NULL, &err),
          &err);
    check(cfk_bundle_pool_add_input(pool, file, strlen(file), NULL, &leaf, &leaf_size,
                                    &err),
          &err);
    for (int i = 0; i < 2; i++) { /* the second time the pool has it */
        check(cfk_bundle_build(pool, leaf, leaf_size, now, &opts, &result, &err), &err);
        show(result);
        cfk_bundle_result_free(result);
    }
    printf("%u request\n", requests);
    cfk_free(NULL, leaf);
    cfk_bundle_pool_free(pool);
    return requests == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
