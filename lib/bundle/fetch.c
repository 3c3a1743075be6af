/* SPDX-License-Identifier: MIT */
/*
 * Fetching issuers. The search knows nothing of it: it runs on what the pool
 * has, then one URL is asked for, what comes joins the pool, and the search
 * runs again. The signatures that it needs are remembered, so that a further search
 * costs little. Which certificates are worth a request: those in whose
 * issuer a path ended first, then those below them, which may have other
 * issuers than those that are known. Only such whose place the signatures
 * prove: else whoever can put a name into a certificate could make us ask.
 */
#include "bundle/fetch.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "bundle/export.h"
#include "bundle/search.h"

#include <string.h>

enum {
    DEFAULT_COUNT = 16,
    DEFAULT_DEPTH = 5,
    DEFAULT_SIZE = 256 * 1024,
    DEFAULT_TOTAL = 2 * 1024 * 1024,
    URLS_MAX = 8,     /* of one certificate */
    REFUSED_MAX = 64, /* URLs of other kinds that are listed */
};

#define KNOWN_FLAGS (CFK_BUNDLE_FETCH_HTTPS | CFK_BUNDLE_FETCH_ALL)

struct cfk_bundle_answer {
    struct cfk__buffer bytes;
    uint64_t limit;
    int failed; /* CFK_E_LIMIT or CFK_E_NOMEM, from then on */
};

struct fetching {
    struct cfk__search *s;
    struct cfk_bundle_fetch_options o;
    uint64_t left; /* of max_total */
    uint32_t asked;
    uint32_t refused;
    bool grew; /* the pool has something new */
};

static int no_memory(struct cfk__search *s)
{
    return cfk__fail(s->err, CFK_E_NOMEM, "bundle: no memory to fetch issuers");
}

int cfk_bundle_answer_add(cfk_bundle_answer *answer, const void *data, size_t size,
                          struct cfk_error *err)
{
    if (answer->failed == CFK_OK && size > answer->limit - answer->bytes.size)
        answer->failed = CFK_E_LIMIT;
    if (answer->failed == CFK_OK)
        answer->failed = cfk__buffer_append(&answer->bytes, data, size);
    if (answer->failed == CFK_E_LIMIT)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: an answer of more than %llu bytes, which are allowed",
                         (unsigned long long)answer->limit);
    if (answer->failed != CFK_OK)
        return cfk__fail(err, answer->failed, "bundle: no memory for an answer");
    return CFK_OK;
}

/* --- one URL --- */

/* A line of the list. The message loses the name of the component. */
static int list(struct fetching *f, struct cfk__span url, const char *text,
                const struct cfk__fetched *outcome, const char *message)
{
    struct cfk_bundle_result *result = f->s->result;
    struct cfk__fetches *all = &result->fetches;
    struct cfk__fetched *item;

    if (all->count == all->capacity) {
        uint32_t more = all->capacity > 0 ? all->capacity * 2 : 8;

        item = cfk__realloc(&result->alloc, all->items, more, sizeof *item);
        if (item == NULL)
            return no_memory(f->s);
        all->items = item;
        all->capacity = more;
    }
    if (strncmp(message, "bundle: ", 8) == 0)
        message += 8;
    item = &all->items[all->count];
    *item = *outcome;
    item->text = cfk__arena_copy(&result->arena, text, strlen(text));
    item->message = cfk__arena_copy(&result->arena, message, strlen(message));
    item->url.data = cfk__arena_copy(&result->arena, url.data, url.size);
    item->url.size = url.size;
    if (item->text == NULL || item->message == NULL || item->url.data == NULL)
        return no_memory(f->s);
    all->count++;
    return CFK_OK;
}

static void keep_first(void *ctx, uint64_t index, uint64_t offset,
                       const struct cfk_error *why)
{
    struct cfk_error *first = ctx;

    (void)index;
    (void)offset;
    if (why != NULL && first->code == CFK_OK)
        *first = *why;
}

/* What came, into the pool. The code of this fetch, why with its words. */
static int take_in(struct fetching *f, const cfk_bundle_answer *answer,
                   struct cfk_error *why)
{
    struct cfk_error first = { 0 };
    struct cfk_bundle_report report = { .size = sizeof report };
    int rc = CFK_OK;

    report.each = keep_first;
    report.ctx = &first;
    if (answer->bytes.size > 0)
        rc = cfk_bundle_pool_add(f->s->pool, answer->bytes.data, answer->bytes.size,
                                 CFK_BUNDLE_FETCHED, &report, why);
    if (rc != CFK_OK)
        return rc;
    if (report.found == 0)
        return cfk__fail(why, CFK_E_NOTFOUND,
                         "bundle: no certificate in the %zu bytes that came",
                         answer->bytes.size);
    if (report.found == report.bad) {
        *why = first;
        return CFK_E_CORRUPT;
    }
    return CFK_OK;
}

static int get(struct fetching *f, const char *url, struct cfk__fetched *outcome,
               struct cfk_error *why)
{
    uint32_t before = f->s->pool->ders.count;
    cfk_bundle_answer answer = { .limit =
                                     f->left < f->o.max_size ? f->left : f->o.max_size };
    int rc;

    answer.bytes.alloc = &f->s->result->alloc;
    rc = f->o.get(f->o.ctx, url, &answer, why);
    if (answer.failed != CFK_OK && rc != answer.failed)
        rc = cfk_bundle_answer_add(&answer, NULL, 0, why);
    else if (rc == CFK_OK)
        rc = take_in(f, &answer, why);
    outcome->code = rc;
    outcome->asked = true;
    outcome->bytes = answer.bytes.size;
    outcome->certs = f->s->pool->ders.count - before;
    f->grew = outcome->certs > 0;
    f->left -= answer.bytes.size;
    f->asked++;
    cfk__buffer_free(&answer.bytes);
    return rc == CFK_E_NOMEM ? rc : CFK_OK;
}

static bool seen(const struct fetching *f, struct cfk__span url)
{
    const struct cfk__fetches *all = &f->s->result->fetches;

    for (uint32_t i = 0; i < all->count; i++)
        if (cfk__span_equal(all->items[i].url, url))
            return true;
    return false;
}

/* Whether one more line of this kind is within the limits; remembers where not. */
static bool may_list(struct fetching *f, bool refused)
{
    if (refused ? f->refused++ < REFUSED_MAX : f->asked < f->o.max_count && f->left > 0)
        return true;
    f->s->result->met |= refused ? 0 : (uint32_t)CFK_BUNDLE_MET_FETCHES;
    return false;
}

static int ask(struct fetching *f, struct cfk__span url)
{
    const char *refusal =
        cfk__fetch_refusal(url, (f->o.flags & CFK_BUNDLE_FETCH_HTTPS) != 0);
    struct cfk__fetched outcome = { .code = CFK_E_NOTSUP };
    struct cfk__buffer text = { .alloc = &f->s->result->alloc };
    struct cfk_error why = { 0 };
    int rc = CFK_OK;

    if (seen(f, url) || !may_list(f, refusal != NULL))
        return CFK_OK;
    if (!cfk__fetch_url_text(url, &text))
        rc = CFK_E_NOMEM;
    if (rc == CFK_OK && refusal == NULL)
        rc = get(f, (const char *)text.data, &outcome, &why);
    if (rc != CFK_OK)
        rc = no_memory(f->s);
    else
        rc = list(f, url, (const char *)text.data, &outcome,
                  refusal != NULL          ? refusal
                  : outcome.code == CFK_OK ? ""
                  : why.message[0] == '\0' ? "it could not be fetched"
                                           : why.message);
    cfk__buffer_free(&text);
    return rc;
}

/* --- which certificates --- */

/* Ask for the issuers of a certificate until one has something new. */
static int ask_for(struct fetching *f, const struct cfk__cert *cert)
{
    struct cfk__reader urls;
    struct cfk__span url;
    int rc = CFK_OK;

    cfk__reader_init(&urls, cert->x.authority_info.data, cert->x.authority_info.size);
    for (unsigned i = 0; i < URLS_MAX && rc == CFK_OK && !f->grew; i++) {
        if (!cfk__x509_issuer_url(&urls, &url))
            break;
        rc = ask(f, url);
    }
    return rc;
}

static bool has_url(const struct cfk__cert *cert)
{
    struct cfk__reader urls;
    struct cfk__span url;

    cfk__reader_init(&urls, cert->x.authority_info.data, cert->x.authority_info.size);
    return cfk__x509_issuer_url(&urls, &url);
}

/*
 * Whether certificate step of a path may name what is fetched: the signatures
 * prove its place, and no more than max_depth in the path were fetched.
 * CFK_OK: it may. CFK_E_LIMIT: not so, CFK_E_NOMEM.
 */
static int is_worth(struct fetching *f, const struct cfk__path *path, uint32_t step)
{
    uint32_t depth = 0;

    if (!has_url(path->certs[step]))
        return CFK_E_LIMIT;
    for (uint32_t i = 0; i < step; i++) {
        struct cfk__cert *issuer = path->certs[i + 1];
        int rc = cfk__search_verify(f->s, path->certs[i], issuer);

        if (rc != CFK_OK)
            return rc == CFK_E_NOMEM ? rc : CFK_E_LIMIT;
        depth += issuer->from == CFK_BUNDLE_FETCHED;
    }
    if (depth < f->o.max_depth)
        return CFK_OK;
    f->s->result->met |= CFK_BUNDLE_MET_FETCHES;
    return CFK_E_LIMIT;
}

static int ask_for_step(struct fetching *f, const struct cfk__path *path, uint32_t step)
{
    int rc = is_worth(f, path, step);

    if (rc == CFK_E_NOMEM)
        return rc;
    return rc == CFK_OK ? ask_for(f, path->certs[step]) : CFK_OK;
}

/* The certificates at which paths ended for want of an issuer. */
static int ask_for_ends(struct fetching *f)
{
    const struct cfk__paths *paths = &f->s->result->rejected;
    int rc = CFK_OK;

    for (uint32_t i = 0; i < paths->count && rc == CFK_OK && !f->grew; i++)
        if (paths->items[i].reason == CFK_E_UNKNOWN_ISSUER)
            rc = ask_for_step(f, &paths->items[i], paths->items[i].step);
    return rc;
}

/* All certificates of these paths but their last, from the top down. */
static int ask_for_others(struct fetching *f, const struct cfk__paths *paths)
{
    int rc = CFK_OK;

    for (uint32_t i = 0; i < paths->count; i++)
        for (uint32_t n = paths->items[i].length - 1; n > 0; n--) {
            if (rc != CFK_OK || f->grew)
                return rc;
            rc = ask_for_step(f, &paths->items[i], n - 1);
        }
    return rc;
}

/* Whether what the search found does not do. */
static int is_wanting(struct fetching *f, bool *wanting)
{
    const struct cfk__paths *chains = &f->s->result->chains;
    int rc;

    *wanting = chains->count == 0 || (f->o.flags & CFK_BUNDLE_FETCH_ALL) != 0;
    if (*wanting)
        return CFK_OK;
    rc = cfk_bundle_rank(f->s->result, NULL, f->s->err);
    *wanting = rc == CFK_OK;
    for (uint32_t i = 0; i < chains->count && *wanting; i++)
        *wanting = (chains->items[i].warnings & CFK_BUNDLE_WARN_SHORT) != 0;
    return rc;
}

static int import_options(struct fetching *f, const struct cfk_bundle_fetch_options *opts)
{
    int rc = cfk__options_import(&f->o, sizeof f->o, opts, f->s->err);

    if (rc != CFK_OK)
        return rc;
    if ((f->o.flags & ~(uint32_t)KNOWN_FLAGS) != 0 || f->o.reserved != 0)
        return cfk__fail(f->s->err, CFK_E_INVALID, "bundle: unknown flags %#x to fetch",
                         (unsigned)f->o.flags);
    f->o.max_count = f->o.max_count != 0 ? f->o.max_count : DEFAULT_COUNT;
    f->o.max_depth = f->o.max_depth != 0 ? f->o.max_depth : DEFAULT_DEPTH;
    f->o.max_size = f->o.max_size != 0 ? f->o.max_size : DEFAULT_SIZE;
    f->left = f->o.max_total != 0 ? f->o.max_total : DEFAULT_TOTAL;
    return CFK_OK;
}

int cfk__fetch_issuers(struct cfk__search *s, const struct cfk_bundle_fetch_options *opts)
{
    struct fetching f = { .s = s };
    int rc = import_options(&f, opts);
    bool wanting = true;

    if (rc != CFK_OK || f.o.get == NULL)
        return rc;
    for (;;) {
        rc = is_wanting(&f, &wanting);
        if (rc != CFK_OK || !wanting)
            return rc;
        f.grew = false;
        rc = ask_for_ends(&f);
        if (rc == CFK_OK && !f.grew)
            rc = ask_for_others(&f, &s->result->rejected);
        if (rc == CFK_OK && !f.grew)
            rc = ask_for_others(&f, &s->result->chains);
        if (rc != CFK_OK || !f.grew)
            return rc;
        rc = cfk__search_again(s);
        if (rc != CFK_OK)
            return rc;
    }
}

size_t cfk_bundle_fetched_count(const cfk_bundle_result *result)
{
    return result->fetches.count;
}

int cfk_bundle_fetched(const cfk_bundle_result *result, size_t index,
                       struct cfk_bundle_fetched_info *out, struct cfk_error *err)
{
    struct cfk_bundle_fetched_info ours = { 0 };
    const struct cfk__fetched *item;

    if (index >= result->fetches.count)
        return cfk__fail(err, CFK_E_INVALID, "bundle: fetched URL %zu of %u", index,
                         (unsigned)result->fetches.count);
    item = &result->fetches.items[index];
    ours.url = item->text;
    ours.message = item->message;
    ours.code = item->code;
    ours.certs = item->certs;
    ours.bytes = item->bytes;
    ours.asked = item->asked;
    return cfk__export(out, &ours, sizeof ours, err);
}
