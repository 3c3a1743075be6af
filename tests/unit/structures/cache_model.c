/* SPDX-License-Identifier: MIT */
#include "cache_model.h"

#include <string.h>

enum { NO_HAND = MODEL_MOST };

/* ---- lists ---- */

static size_t index_of(const struct model_list *l, unsigned key)
{
    size_t i = 0;

    while (i < l->count && l->at[i].key != key)
        i++;
    return i;
}

static bool has(const struct model_list *l, unsigned key)
{
    return index_of(l, key) < l->count;
}

static struct model_entry take(struct model_list *l, size_t i)
{
    struct model_entry entry = l->at[i];

    memmove(&l->at[i], &l->at[i + 1], (l->count - i - 1) * sizeof entry);
    l->count--;
    return entry;
}

static void push(struct model_list *l, struct model_entry entry)
{
    l->at[l->count++] = entry;
}

static uint64_t weight_of(const struct model_list *l)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < l->count; i++)
        sum += l->at[i].weight;
    return sum;
}

struct model_entry *model_find(struct model *m, unsigned key)
{
    if (has(&m->main, key))
        return &m->main.at[index_of(&m->main, key)];
    if (has(&m->first, key))
        return &m->first.at[index_of(&m->first, key)];
    return NULL;
}

size_t model_count(const struct model *m)
{
    return m->main.count + m->first.count;
}

uint64_t model_weight(const struct model *m)
{
    return weight_of(&m->main) + weight_of(&m->first);
}

/* Out of whichever list it is in. SIEVE's hand goes on to the next. */
static struct model_entry take_out(struct model *m, unsigned key)
{
    size_t i = index_of(&m->main, key);
    struct model_entry entry;

    if (i == m->main.count)
        return take(&m->first, index_of(&m->first, key));
    entry = take(&m->main, i);
    if (m->hand != NO_HAND && m->hand > i)
        m->hand--;
    if (m->hand == m->main.count)
        m->hand = NO_HAND;
    return entry;
}

/* ---- S3-FIFO ---- */

static size_t small_share(size_t count)
{
    if (count >= 100)
        return count / 10;
    if (count >= 20)
        return 10;
    return count >= 2 ? count / 2 : 1;
}

static unsigned clock_victim(struct model *m)
{
    while (m->main.at[0].uses > 0) {
        struct model_entry entry = take(&m->main, 0);

        entry.uses--;
        push(&m->main, entry);
    }
    return m->main.at[0].key;
}

static unsigned s3fifo_victim(struct model *m, struct model_list **ghosts)
{
    size_t share = small_share(model_count(m));
    unsigned enough = share > 1 ? 2 : 1;
    bool due = m->first.count >= share;

    if (m->max_weight > 0)
        due = weight_of(&m->first) >= share * (model_weight(m) / model_count(m));
    if (due || m->main.count == 0) {
        while (m->first.count > 0 && m->first.at[0].uses >= enough) {
            struct model_entry entry = take(&m->first, 0);

            entry.uses = 0;
            push(&m->main, entry);
        }
        if (m->first.count > 0) {
            *ghosts = &m->ghosts;
            return m->first.at[0].key;
        }
    }
    return clock_victim(m);
}

/* ---- ARC ---- */

static size_t arc_capacity(const struct model *m)
{
    return m->max_weight > 0 ? model_count(m) : m->capacity;
}

static void arc_trim(struct model *m)
{
    size_t c = arc_capacity(m);

    if (m->first.count + m->ghosts_first.count < c) {
        while (m->ghosts.count > 0 &&
               model_count(m) + m->ghosts.count + m->ghosts_first.count >= 2 * c)
            take(&m->ghosts, 0);
    } else {
        while (m->ghosts_first.count > 0 && m->first.count + m->ghosts_first.count >= c)
            take(&m->ghosts_first, 0);
    }
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static void arc_adapt(struct model *m, unsigned key)
{
    double b1 = (double)m->ghosts_first.count;
    double b2 = (double)m->ghosts.count;

    if (has(&m->ghosts_first, key))
        m->target = smaller(m->target + larger(b2 / b1, 1), (double)arc_capacity(m));
    else
        m->target = larger(m->target - larger(b1 / b2, 1), 0);
}

static unsigned arc_victim(struct model *m, struct model_list **ghosts)
{
    double t1 = (double)m->first.count;
    bool from_first =
        m->first.count > 0 && (t1 > m->target || (m->again_main && !(t1 < m->target)));

    if (m->main.count == 0)
        from_first = true;
    *ghosts = from_first ? &m->ghosts_first : &m->ghosts;
    if (from_first && m->first.count >= arc_capacity(m) && !m->again)
        *ghosts = NULL;
    return from_first ? m->first.at[0].key : m->main.at[0].key;
}

/* ---- all policies ---- */

static bool two_queues(const struct model *m)
{
    return m->policy == CFK_CACHE_S3FIFO || m->policy == CFK_CACHE_ARC;
}

static void use(struct model *m, unsigned key)
{
    struct model_entry *entry = model_find(m, key);

    switch (m->policy) {
    case CFK_CACHE_LRU: push(&m->main, take_out(m, key)); break;
    case CFK_CACHE_ARC: push(&m->main, take_out(m, key)); break;
    case CFK_CACHE_S3FIFO: entry->uses += entry->uses < 3; break;
    case CFK_CACHE_SIEVE: entry->uses = 1; break;
    case CFK_CACHE_CLOCK: entry->uses = 1; break;
    default: break;
    }
}

/* A key that is no longer a ghost comes in: where to? */
static struct model_list *meet(struct model *m, unsigned key)
{
    bool b1 = has(&m->ghosts_first, key);
    bool b2 = has(&m->ghosts, key);

    m->again = b1 || b2;
    m->again_main = b2;
    if (m->policy == CFK_CACHE_ARC && m->again)
        arc_adapt(m, key);
    if (m->policy == CFK_CACHE_ARC && !m->again)
        arc_trim(m);
    if (b1)
        take(&m->ghosts_first, index_of(&m->ghosts_first, key));
    if (b2)
        take(&m->ghosts, index_of(&m->ghosts, key));
    return two_queues(m) && !m->again ? &m->first : &m->main;
}

static unsigned sieve_victim(struct model *m)
{
    size_t i = m->hand != NO_HAND ? m->hand : 0;

    while (m->main.at[i].uses > 0) {
        m->main.at[i].uses = 0;
        i = (i + 1) % m->main.count;
    }
    m->hand = i;
    return m->main.at[i].key;
}

static unsigned victim(struct model *m, struct model_list **ghosts)
{
    *ghosts = NULL;
    switch (m->policy) {
    case CFK_CACHE_S3FIFO: return s3fifo_victim(m, ghosts);
    case CFK_CACHE_ARC: return arc_victim(m, ghosts);
    case CFK_CACHE_SIEVE: return sieve_victim(m);
    case CFK_CACHE_CLOCK: return clock_victim(m);
    default: return m->main.at[0].key;
    }
}

static size_t most_ghosts(const struct model *m)
{
    return m->policy == CFK_CACHE_ARC ? m->capacity : m->capacity * 9 / 10;
}

static void drop(struct model *m, unsigned key)
{
    take_out(m, key);
    m->dropped++;
}

static void evict(struct model *m)
{
    struct model_list *ghosts;
    unsigned key = victim(m, &ghosts);
    size_t limit = model_count(m) * 9 / 10;

    drop(m, key);
    if (ghosts == NULL || (m->policy == CFK_CACHE_S3FIFO && limit == 0))
        return;
    while (m->policy == CFK_CACHE_S3FIFO && ghosts->count >= limit)
        take(ghosts, 0);
    if (m->ghosts.count + m->ghosts_first.count == most_ghosts(m))
        take(m->ghosts.count > m->ghosts_first.count ? &m->ghosts : &m->ghosts_first, 0);
    push(ghosts, (struct model_entry){ .key = key });
}

static bool stale(const struct model_entry *entry, int64_t now)
{
    return entry->expire != CFK_CACHE_NEVER && now >= entry->expire;
}

static bool gone(const struct model *m, const struct model_entry *entry, int64_t now)
{
    return stale(entry, now) && now >= entry->expire + m->grace;
}

static void earlier(const struct model_list *l, const struct model_entry **best)
{
    for (size_t i = 0; i < l->count; i++)
        if (*best == NULL || l->at[i].expire < (*best)->expire)
            *best = &l->at[i];
}

static void make_room(struct model *m, size_t count, uint64_t weight, int64_t now)
{
    uint64_t most = m->max_weight > 0 ? m->max_weight : UINT64_MAX;

    while (model_count(m) > 0 &&
           (model_count(m) > count || model_weight(m) > most - weight)) {
        const struct model_entry *first = NULL;

        earlier(&m->main, &first);
        earlier(&m->first, &first);
        if (stale(first, now))
            drop(m, first->key);
        else
            evict(m);
    }
}

/* ---- as the cache ---- */

int model_get(struct model *m, unsigned key, int64_t now, unsigned flags, uint64_t *value)
{
    bool quiet = (flags & CFK_CACHE_QUIET) != 0;
    struct model_entry *entry = model_find(m, key);
    bool old;

    if (entry == NULL)
        return CFK_CACHE_MISS;
    old = stale(entry, now);
    if (gone(m, entry, now)) {
        if (!quiet)
            drop(m, key);
        return CFK_CACHE_MISS;
    }
    if (old && (flags & CFK_CACHE_STALE_OK) == 0)
        return CFK_CACHE_MISS;
    *value = entry->value;
    if (!quiet)
        use(m, key);
    return old ? CFK_CACHE_STALE : CFK_CACHE_HIT;
}

static void replace(struct model *m, const struct model_entry *new, int64_t now)
{
    uint64_t most = m->max_weight > 0 ? m->max_weight : UINT64_MAX;
    struct model_entry *entry;
    struct model_list *list;

    use(m, new->key);
    entry = model_find(m, new->key);
    if (new->weight > entry->weight &&
        model_weight(m) > most - (new->weight - entry->weight)) {
        take_out(m, new->key);
        list = meet(m, new->key);
        make_room(m, m->capacity, new->weight, now);
        push(list, *new);
        entry = model_find(m, new->key);
        entry->uses = 0;
    }
    entry->weight = new->weight;
    entry->value = new->value;
    entry->expire = new->expire;
    m->dropped++;
}

int model_set(struct model *m, unsigned key, uint64_t value, uint64_t weight,
              int64_t expire, int64_t now)
{
    struct model_entry new = {
        .key = key, .value = value, .weight = weight, .expire = expire
    };
    struct model_list *list;

    if (m->max_weight > 0 && weight > m->max_weight)
        return CFK_E_LIMIT;
    if (model_find(m, key) != NULL) {
        replace(m, &new, now);
        return CFK_OK;
    }
    list = meet(m, key);
    make_room(m, m->capacity - 1, weight, now);
    push(list, new);
    return CFK_OK;
}

int model_get_or_set(struct model *m, unsigned key, uint64_t *value, int64_t expire,
                     int64_t now)
{
    struct model_entry *entry = model_find(m, key);

    if (entry == NULL || stale(entry, now)) {
        model_set(m, key, *value, 1, expire, now);
        return CFK_CACHE_MISS;
    }
    *value = entry->value;
    use(m, key);
    return CFK_CACHE_HIT;
}

bool model_delete(struct model *m, unsigned key)
{
    if (model_find(m, key) == NULL)
        return false;
    drop(m, key);
    return true;
}

static void expire_list(struct model *m, const struct model_list *l, int64_t now)
{
    for (size_t i = l->count; i-- > 0;)
        if (gone(m, &l->at[i], now))
            drop(m, l->at[i].key);
}

void model_expire(struct model *m, int64_t now)
{
    expire_list(m, &m->main, now);
    expire_list(m, &m->first, now);
}

void model_clear(struct model *m)
{
    m->dropped += model_count(m);
    m->main.count = m->first.count = m->ghosts.count = m->ghosts_first.count = 0;
    m->target = 0;
    m->hand = NO_HAND;
}

void model_resize(struct model *m, size_t capacity, uint64_t max_weight, int64_t now)
{
    bool other = capacity != m->capacity;

    m->max_weight = max_weight;
    m->again = m->again_main = false;
    make_room(m, capacity, 0, now);
    m->capacity = capacity;
    if (!other)
        return;
    while (m->ghosts.count + m->ghosts_first.count > most_ghosts(m))
        take(m->ghosts.count > m->ghosts_first.count ? &m->ghosts : &m->ghosts_first, 0);
    m->target = smaller(m->target, (double)capacity);
}
