/* SPDX-License-Identifier: MIT */
/*
 * The bundle that a server should send: the certificates of its file are put in
 * order, led to a trusted root, and what is missing or wrong is told.
 *
 *     cc bundle.c $(pkg-config --cflags --libs libcfkit) && ./a.out
 */
#include <cfkit/bundle.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
/* The roots that we trust: one. */
static const char roots[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBYzCCAQmgAwIBAgIBAjAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5FeGFtcGxl\n"
    "IFJvb3QgQjAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEwMDAwMDBaMBkxFzAVBgNV\n"
    "BAMMDkV4YW1wbGUgUm9vdCBCMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjHlS\n"
    "vX4KQS6dSh7aDaOUPmwHDrgor19hkiB9DtMY/4P3xLAAe+fllhlk3bHYjA9I8F/L\n"
    "E0H/IbYrbjovpaogL6NCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMC\n"
    "AQYwHQYDVR0OBBYEFNfQB8sCZljxHT1TBY3jAtPO+jIbMAoGCCqGSM49BAMCA0gA\n"
    "MEUCIE1lha/Cmg9AFDwx0uxXifOetAgUIRasMQpSvrDhBYUyAiEAsGh5zZ4IuJfR\n"
    "kvlUCTHYMl13MvIcIovSKfLQrSGiQsI=\n"
    "-----END CERTIFICATE-----\n";

/* The server's file: its certificate, then an intermediate. */
static const char file[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB0TCCAXagAwIBAgIBCDAKBggqhkjOPQQDAjAfMR0wGwYDVQQDDBRFeGFtcGxl\n"
    "IElzc3VpbmcgQ0EgWDAeFw0yMDAxMDEwMDAwMDBaFw0zNTAxMDEwMDAwMDBaMBsx\n"
    "GTAXBgNVBAMMEHd3dy5leGFtcGxlLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB\n"
    "BwNCAATnHrmQnCaAH2NKFjp9RtE1giUq39R9hSTh2uQuyWPwPMJp9GJ3Ui965/jM\n"
    "Zab7zmrR6GPiOG/mbA6moWbpZfPto4GmMIGjMAkGA1UdEwQCMAAwDgYDVR0PAQH/\n"
    "BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMDEGA1UdEQQqMCiCEHd3dy5leGFt\n"
    "cGxlLnRlc3SCDiouZXhhbXBsZS50ZXN0hwTAAAIBMB8GA1UdIwQYMBaAFFC8pcSS\n"
    "W8k+ryE8YlU6IFN9/CMqMB0GA1UdDgQWBBQUMg+CedOEM0rfGhHbLCPae6xuWjAK\n"
    "BggqhkjOPQQDAgNJADBGAiEAhQbDPrWrwIRlU1dvu8X/XX04/aCHsyHTwVPhyf7M\n"
    "lH0CIQDTSxwBxNWr2Ws8cPhVYnaKNs980pkDfxyWNeShcF79Ow==\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBrjCCAVSgAwIBAgIBBTAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5FeGFtcGxl\n"
    "IFJvb3QgQjAeFw0yMDAxMDEwMDAwMDBaFw0zOTEyMzEwMDAwMDBaMB8xHTAbBgNV\n"
    "BAMMFEV4YW1wbGUgSXNzdWluZyBDQSBYMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
    "QgAEuT9J72xtwRcSpzoQwjhp/zVQk7kK5uc1DKQzTb5bLnukBO3Mo2tM9Hbqo7kc\n"
    "Yqxs+T3pE1Oz3KRgGOG3IkzYG6OBhjCBgzASBgNVHRMBAf8ECDAGAQH/AgEAMA4G\n"
    "A1UdDwEB/wQEAwIBBjAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwHQYD\n"
    "VR0OBBYEFFC8pcSSW8k+ryE8YlU6IFN9/CMqMB8GA1UdIwQYMBaAFNfQB8sCZljx\n"
    "HT1TBY3jAtPO+jIbMAoGCCqGSM49BAMCA0gAMEUCIQCw+77AgZ50+691kTMRZioB\n"
    "w1W88AvMiRxyqR9IL4wNlAIgAe2jcgh8jchBsQTLa3ZWRb4oTBmRuNUQCteanu/+\n"
    "ipo=\n"
    "-----END CERTIFICATE-----\n";
/* clang-format on */

static void check(int rc, const struct cfk_error *err)
{
    if (rc == CFK_OK)
        return;
    fprintf(stderr, "%s: %s\n", cfk_error_name(rc), err->message);
    exit(EXIT_FAILURE);
}

/* The best chain for a host, or why there is none. */
static void show(cfk_bundle_pool *pool, const void *leaf, size_t leaf_size,
                 const char *host)
{
    const int64_t now = 1795161600; /* November 2026; a server passes time(NULL) */
    struct cfk_bundle_options opts = { .size = sizeof opts, .host = host };
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    char *pem;
    size_t pem_size;

    check(cfk_bundle_build(pool, leaf, leaf_size, now, &opts, &result, &err), &err);
    if (cfk_bundle_reason(result, &err) != CFK_OK) {
        printf("%s: %s\n", host, err.message);
        cfk_bundle_result_free(result);
        return;
    }
    check(cfk_bundle_chain(result, 0, &chain, &err), &err);
    printf("%s: %zu chain, the best of %u certificates:\n", host,
           cfk_bundle_chain_count(result), (unsigned)chain.length);
    for (size_t i = 0; i < chain.length; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };

        check(cfk_bundle_chain_cert(result, 0, i, &cert, &err), &err);
        printf("  %s (%s)\n", cert.subject, cert.key);
    }
    check(cfk_bundle_write_pem(result, 0, 0, NULL, &pem, &pem_size, &err), &err);
    printf("%zu bytes of PEM to send\n", pem_size);
    cfk_free(NULL, pem);
    cfk_bundle_result_free(result);
}

int main(void)
{
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    void *leaf;
    size_t leaf_size;

    check(cfk_bundle_pool_new(NULL, &pool, &err), &err);
    check(cfk_bundle_pool_add(pool, roots, strlen(roots), CFK_BUNDLE_ROOT, NULL, &err),
          &err);
    check(cfk_bundle_pool_add_input(pool, file, strlen(file), NULL, &leaf, &leaf_size,
                                    &err),
          &err);
    show(pool, leaf, leaf_size, "www.example.test");
    show(pool, leaf, leaf_size, "www.example.com");
    cfk_free(NULL, leaf);
    cfk_bundle_pool_free(pool);
    return EXIT_SUCCESS;
}
