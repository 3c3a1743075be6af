/* SPDX-License-Identifier: MIT */
#include "cfbundle_curl.h"

#include "cfbundle_address.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cfbundle_curl {
    void *library;
    CURLcode (*global_init)(long flags);
    void (*global_cleanup)(void);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *handle);
    void (*easy_reset)(CURL *handle);
    CURLcode (*easy_setopt)(CURL *handle, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *handle);
    CURLcode (*easy_getinfo)(CURL *handle, CURLINFO info, ...);
    const char *(*easy_strerror)(CURLcode code);
    bool begun;
    CURL *handle;
};

/* One transfer and what its callbacks found. */
struct transfer {
    struct cfbundle_curl *curl;
    struct cfbundle_get *get;
    size_t header;  /* bytes of it */
    size_t dropped; /* of the body of what is no 200 */
    bool refused;   /* an address was not public */
    int taken;      /* what get->take returned last */
    char words[CURL_ERROR_SIZE];
};

static int fail(struct cfk_error *err, int code, const char *words)
{
    err->code = code;
    snprintf(err->message, sizeof err->message, "%.200s", words);
    for (char *c = err->message; *c != '\0'; c++) /* a server may have a say in them */
        if (*c < ' ' || *c == '\177')
            *c = '?';
    return code;
}

/* --- the library --- */

/* A function by its name; POSIX has it that a data pointer may be one. */
static bool find(struct cfbundle_curl *curl, const char *name, void *function)
{
    void *found = dlsym(curl->library, name);

    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool find_all(struct cfbundle_curl *curl)
{
    return find(curl, "curl_global_init", &curl->global_init) &&
           find(curl, "curl_global_cleanup", &curl->global_cleanup) &&
           find(curl, "curl_easy_init", &curl->easy_init) &&
           find(curl, "curl_easy_cleanup", &curl->easy_cleanup) &&
           find(curl, "curl_easy_reset", &curl->easy_reset) &&
           find(curl, "curl_easy_setopt", &curl->easy_setopt) &&
           find(curl, "curl_easy_perform", &curl->easy_perform) &&
           find(curl, "curl_easy_getinfo", &curl->easy_getinfo) &&
           find(curl, "curl_easy_strerror", &curl->easy_strerror);
}

int cfbundle_curl_open(struct cfbundle_curl **out, struct cfk_error *err)
{
    static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4",
                                         "libcurl.so" };
    struct cfbundle_curl *curl = calloc(1, sizeof *curl);

    *out = NULL;
    if (curl == NULL)
        return fail(err, CFK_E_NOMEM, "no memory to fetch");
    for (size_t i = 0; i < sizeof names / sizeof *names && curl->library == NULL; i++)
        curl->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (curl->library == NULL || !find_all(curl)) {
        cfbundle_curl_close(curl);
        return fail(err, CFK_E_NOTSUP,
                    "libcurl is not installed here (libcurl.so.4), and --fetch needs it");
    }
    curl->begun = curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    curl->handle = curl->begun ? curl->easy_init() : NULL;
    if (curl->handle == NULL) {
        cfbundle_curl_close(curl);
        return fail(err, CFK_E_NOMEM, "libcurl does not start");
    }
    *out = curl;
    return CFK_OK;
}

void cfbundle_curl_close(struct cfbundle_curl *curl)
{
    if (curl == NULL)
        return;
    if (curl->handle != NULL)
        curl->easy_cleanup(curl->handle);
    if (curl->begun)
        curl->global_cleanup();
    /* Not dlclose(): TLS libraries below it leave handlers for the end of the process. */
    free(curl);
}

/* --- one transfer --- */

static long status_of(const struct transfer *t)
{
    long status = 0;

    t->curl->easy_getinfo(t->curl->handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;

    size *= count;
    if (status_of(t) == 200) {
        t->taken = t->get->take(t->get->ctx, data, size);
        return t->taken == CFK_OK ? size : 0;
    }
    t->dropped += size;
    return t->dropped <= CFBUNDLE_DROPPED_MAX ? size : 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;

    (void)data;
    t->header += size * count;
    return t->header <= CFBUNDLE_HEADER_MAX ? size * count : 0;
}

/* Called for each address that a name stands for, so no name can hide one. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    struct transfer *t = ctx;
    int fd;

    (void)purpose;
    if (!t->get->any_address &&
        !cfbundle_address_is_public(&address->addr, address->addrlen)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    fd = socket(address->family, address->socktype, address->protocol);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

/*
 * The certificate of an https server is not checked: it may be by the very
 * authority whose certificate is wanted, and what comes has to prove itself anyway, as it
 * does over http.
 */
static bool set_options(struct cfbundle_curl *curl, struct transfer *t)
{
    CURLcode (*set)(CURL *, CURLoption, ...) = curl->easy_setopt;
    const struct cfbundle_get *get = t->get;
    CURL *handle = curl->handle;
    char agent[64];

    snprintf(agent, sizeof agent, "cfbundle/%s (libcfkit)", cfk_version());
    curl->easy_reset(handle);
    return set(handle, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           set(handle, CURLOPT_URL, get->url) == CURLE_OK &&
           set(handle, CURLOPT_PROXY, "") == CURLE_OK &&
           set(handle, CURLOPT_USERAGENT, agent) == CURLE_OK &&
           set(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           set(handle, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           set(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           set(handle, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
           set(handle, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
           set(handle, CURLOPT_TIMEOUT_MS, (long)get->timeout_ms) == CURLE_OK &&
           set(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)get->timeout_ms) == CURLE_OK &&
           set(handle, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           set(handle, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           set(handle, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           set(handle, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           set(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           set(handle, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           set(handle, CURLOPT_ERRORBUFFER, t->words) == CURLE_OK;
}

/* Why a transfer failed. */
static int explain(const struct transfer *t, CURLcode code, struct cfk_error *err)
{
    if (t->taken != CFK_OK)
        return t->taken;
    if (t->refused)
        return fail(err, CFK_E_IO,
                    "its host is not on the public internet (--fetch-private allows it)");
    if (t->header > CFBUNDLE_HEADER_MAX || t->dropped > CFBUNDLE_DROPPED_MAX)
        return fail(err, CFK_E_LIMIT, "the server answers without an end");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail(err, CFK_E_TIMEOUT, "the server took too long");
    return fail(err, CFK_E_IO,
                t->words[0] != '\0' ? t->words : t->curl->easy_strerror(code));
}

int cfbundle_curl_get(struct cfbundle_curl *curl, struct cfbundle_get *get,
                      struct cfk_error *err)
{
    struct transfer t = { .curl = curl, .get = get };
    const char *redirect = NULL;
    CURLcode code;

    get->status = 0;
    get->redirect[0] = '\0';
    if (!set_options(curl, &t))
        return fail(err, CFK_E_NOTSUP, "this libcurl lacks what --fetch needs");
    code = curl->easy_perform(curl->handle);
    curl->easy_setopt(curl->handle, CURLOPT_ERRORBUFFER, NULL);
    if (code != CURLE_OK)
        return explain(&t, code, err);
    get->status = status_of(&t);
    curl->easy_getinfo(curl->handle, CURLINFO_REDIRECT_URL, &redirect);
    if (redirect != NULL && strlen(redirect) <= CFBUNDLE_URL_MAX)
        memcpy(get->redirect, redirect, strlen(redirect) + 1);
    return CFK_OK;
}
