/* The counting of spine bounds for one weight, directly as its equations are written, and random
 * tracks for weights to follow. `spine_real` is what is calculated in: define it before. */
#ifndef PLAST_TESTS_SPINE_TRACK_H
#define PLAST_TESTS_SPINE_TRACK_H

#include <math.h>
#include <plast.h>

struct spine {
    spine_real rp, rn; /* the bounds */
    spine_real wp;     /* |w| at the last structural step */
    spine_real sp, sn; /* how far beyond a bound, summed */
    int cp, cn, ci;    /* consecutive steps above, below, falling */
};

static struct spine spine_start(spine_real size, spine_real w)
{
    return (struct spine){size, -size, w < 0 ? -w : w, 0, 0, -1, -1, -1};
}

/* One structural step, number `t` from 0; returns the weight within its bounds. */
static spine_real spine_step(struct spine *s, spine_real w, int patience, int t)
{
    spine_real size = w < 0 ? -w : w;

    if (w >= s->rp) {
        if (++s->cp > 0)
            s->sp = s->sp + w - s->rp;
        if (s->cp >= patience) {
            s->rp += s->sp / (spine_real)patience;
            s->sp = 0;
            s->cp = 0;
        }
    } else {
        s->cp = -1;
        s->sp = 0;
    }
    if (w <= s->rn) {
        if (++s->cn > 0)
            s->sn = s->sn + w - s->rn;
        if (s->cn >= patience) {
            s->rn += s->sn / (spine_real)patience;
            s->sn = 0;
            s->cn = 0;
        }
    } else {
        s->cn = -1;
        s->sn = 0;
    }
    if (size < s->wp) {
        if (++s->ci >= patience) {
            s->rp *= (spine_real)0.75;
            s->rn *= (spine_real)0.75;
            s->ci = 0;
        }
    } else {
        s->ci = -1;
    }
    s->wp = size;
    if (t + 1 < patience)
        return w;
    w = w > s->rn ? w : s->rn;
    return w < s->rp ? w : s->rp;
}

/* Where a weight goes between two structural steps: eight kinds of tracks, which change from time
 * to time. */
static spine_real spine_move(const struct spine *s, spine_real w, int track, int t)
{
    uint64_t key = plast_key(11, 0, (uint64_t)track, 0, 0);
    spine_real u = (spine_real)plast_uniform(key, (uint32_t)t);
    int kind = (int)(plast_bits(key, (uint32_t)(1000 + t / 24)) % 8);

    switch (kind) {
    case 0:
        return w + (u - (spine_real)0.5) / 2;
    case 1:
        return w + u / 4;
    case 2:
        return w - u / 4;
    case 3:
        return w * (spine_real)0.96875;
    case 4:
        return u < (spine_real)0.5 ? w : w - w / 16;
    case 5:
        return -w;
    case 6:
        return u < (spine_real)0.5 ? s->rp : s->rn + u / 8;
    default:
        return t % 2 ? 2 * w + u / 64 : w / 4;
    }
}

/* The two counters as one: adapts in a row beyond the upper bound, or, negative, beyond the lower.
 */
static inline int spine_away(const struct spine *s)
{
    return s->cp >= 0 ? s->cp + 1 : s->cn >= 0 ? -(s->cn + 1) : 0;
}

#endif
