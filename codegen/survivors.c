/* Which rows of which values are still of use: alive, and read by what is of use. */
#include "checkpoint.h"

bool is_dead(const struct plan *p, const struct checkpoint *c, const struct value *v, int64_t row)
{
    for (int i = 0; i < v->mortals; i++) {
        const struct mortal *m = &v->mortal[i];
        bool dead = row >= m->from && row < m->from + m->rows && m->deaths > 0;
        for (int d = 0; dead && d < m->deaths; d++) {
            const uint8_t *mask = checkpoint_mask(p, c, m->death[d].alive);
            dead = mask && !mask[row + m->death[d].shift];
        }
        if (dead)
            return true;
    }
    return false;
}

static bool has_live(const struct checkpoint *c, const struct plan *p, const struct term *t,
                     const struct survivors *reader, int64_t column)
{
    const uint8_t *mask = t->alive ? checkpoint_mask(p, c, t->alive) : NULL;
    for (int64_t i = 0; i < reader->count; i++)
        if (!mask || mask[reader->row[i] * t->rows + column])
            return true;
    return false;
}

static bool is_read(const struct plan *p, const struct checkpoint *c, const struct survivors *all,
                    const struct value *v, int64_t row)
{
    for (int i = 0; i < v->uses; i++) {
        const struct use *u = &v->use[i];
        if (row < u->from || row >= u->from + u->rows)
            continue;
        const struct term *t = &u->by->term[u->term];
        int64_t column = u->column + row - u->from;
        if (t->dense ? has_live(c, p, t, &all[u->by->index], column)
                     : all[u->by->index].place[column] >= 0)
            return true;
    }
    return false;
}

struct survivors *find_survivors(const struct plan *p, const struct checkpoint *c)
{
    struct survivors *all = NEW_ARRAY(p->arena, p->values, struct survivors);
    for (int i = p->values - 1; i >= 0; i--) { /* what reads a value comes after it */
        const struct value *v = p->value[i];
        struct survivors *s = &all[v->index];
        s->row = NEW_ARRAY(p->arena, v->rows, int64_t);
        s->place = NEW_ARRAY(p->arena, v->rows, int64_t);
        for (int64_t row = 0; row < v->rows; row++) {
            bool stays = v->is_input || v == p->output ||
                         (!is_dead(p, c, v, row) && is_read(p, c, all, v, row));
            s->place[row] = stays ? s->count : -1;
            if (stays)
                s->row[s->count++] = row;
        }
    }
    return all;
}
