/* SPDX-License-Identifier: MIT */
/*
 * A kernel that evaluates polynomials of degree 1 or 2: a template, included once for
 * each width of vectors. Who includes it says what these are:
 *
 *   VECTOR               a type of as many field elements as it has bytes
 *   TARGET, INLINE       how functions and inline functions on them are declared
 *   vector_load(p), vector_store(p, v), vector_add(v, w), vector_twice(v)
 *
 * Less its constant, a x + b x^2 is additive in x, for in this field the square of a
 * sum is the sum of the squares. So each value is that of the point before and one of
 * few steps: from x - 1 to x it is the value at x ^ (x - 1), which is 1, 3, 7 and so on,
 * the sum of the values at powers of two; and these take doublings alone.
 */

struct polynomials {
    VECTOR constant, a, b;
};

/* Whether there is a square is known when this is compiled, here and below. */
INLINE struct polynomials read_column(const struct cfk__gf256_points *p, size_t at,
                                      bool square)
{
    VECTOR a = vector_load(p->linear + at);
    VECTOR b = square ? vector_load(p->square + at) : a;

    return (struct polynomials){ vector_load(p->constant + at), a, b };
}

/* What the terms with x come to. */
INLINE VECTOR terms(const struct polynomials *c, bool square)
{
    return square ? vector_add(c->a, c->b) : c->a;
}

/* From x to 2x. */
INLINE void double_point(struct polynomials *c, bool square)
{
    c->a = vector_twice(c->a);
    if (square)
        c->b = vector_twice(vector_twice(c->b));
}

/* The value before and a step. last is known as well, but for points far out. */
INLINE VECTOR put(const struct cfk__gf256_points *p, unsigned last, unsigned i, size_t at,
                  VECTOR before, VECTOR step)
{
    VECTOR value = vector_add(before, step);

    if (i <= last)
        vector_store(p->outputs[i] + at, value);
    return value;
}

INLINE void write_column(const struct cfk__gf256_points *p, struct polynomials c,
                         size_t at, unsigned base, unsigned last, bool square)
{
    VECTOR value = c.constant;
    VECTOR step1, step3, step7;

    step1 = terms(&c, square);
    double_point(&c, square);
    step3 = vector_add(step1, terms(&c, square));
    double_point(&c, square);
    step7 = vector_add(step3, terms(&c, square));
    for (unsigned bits = base / CFK__GF256_POINTS; bits != 0; bits >>= 1) {
        double_point(&c, square);
        if (bits & 1)
            value = vector_add(value, terms(&c, square));
    }
    if (base != 0)
        vector_store(p->outputs[0] + at, value);
    value = put(p, last, 1, at, value, step1);
    value = put(p, last, 2, at, value, step3);
    value = put(p, last, 3, at, value, step1);
    value = put(p, last, 4, at, value, step7);
    value = put(p, last, 5, at, value, step1);
    value = put(p, last, 6, at, value, step3);
    put(p, last, 7, at, value, step1);
}

/*
 * Outputs are written in aligned vectors from the second on. Inputs are read ahead of
 * that: behind a store to the same place of another page a load would wait for it.
 */
INLINE void columns(const struct cfk__gf256_points *points, size_t size, unsigned base,
                    unsigned last, bool square)
{
    const struct cfk__gf256_points p = *points; /* what no store can change */
    const size_t end = size - sizeof(VECTOR);
    struct polynomials now = read_column(&p, 0, square);
    size_t at = 0;
    size_t then = sizeof(VECTOR) - (uintptr_t)p.outputs[last] % sizeof(VECTOR);

    while (at < end) {
        struct polynomials next;

        then = then < end ? then : end; /* some of the last for the second time */
        next = read_column(&p, then, square);
        write_column(&p, now, at, base, last, square);
        now = next;
        at = then;
        then += sizeof(VECTOR);
    }
    write_column(&p, now, end, base, last, square);
}

INLINE void columns_of(const struct cfk__gf256_points *p, size_t size, unsigned base,
                       unsigned last)
{
    if (p->square != NULL)
        columns(p, size, base, last, true);
    else
        columns(p, size, base, last, false);
}

/* size is at least that of a vector. */
TARGET static void evaluate(const struct cfk__gf256_points *p, size_t size)
{
    switch (p->base > 0 ? 0 : p->last) {
    case 0: columns_of(p, size, p->base, p->last); break;
    case 1: columns_of(p, size, 0, 1); break;
    case 2: columns_of(p, size, 0, 2); break;
    case 3: columns_of(p, size, 0, 3); break;
    case 4: columns_of(p, size, 0, 4); break;
    case 5: columns_of(p, size, 0, 5); break;
    case 6: columns_of(p, size, 0, 6); break;
    default: columns_of(p, size, 0, 7); break;
    }
}
