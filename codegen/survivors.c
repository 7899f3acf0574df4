/* Which rows of which values are still of use: alive, and read by what is of use. */
#include "checkpoint.h"

/* Those of the rows that all these masks have dead. */
static void mark_mortal(const struct plan *p, const struct checkpoint *c, const struct mortal *m,
                        bool *dead)
{
    const uint8_t **mask = NEW_ARRAY(p->arena, m->deaths + 1, const uint8_t *);
    for (int d = 0; d < m->deaths; d++)
        mask[d] = checkpoint_mask(p, c, m->death[d].alive);
    for (int64_t row = m->from; row < m->from + m->rows; row++) {
        bool all = m->deaths > 0;
        for (int d = 0; all && d < m->deaths; d++)
            all = mask[d] && !mask[d][row + m->death[d].shift];
        dead[row] |= all;
    }
}

bool *find_dead(const struct plan *p, const struct checkpoint *c, const struct value *v)
{
    bool *dead = NEW_ARRAY(p->arena, v->rows, bool);
    for (int i = 0; i < v->mortals; i++)
        mark_mortal(p, c, &v->mortal[i], dead);
    return dead;
}

static bool has_live(const uint8_t *mask, const struct term *t, const struct survivors *reader,
                     int64_t column)
{
    for (int64_t i = 0; i < reader->count; i++)
        if (!mask || mask[reader->row[i] * t->rows + column])
            return true;
    return false;
}

/* Those of the value's rows that this reads. */
static void mark_read(const struct plan *p, const struct checkpoint *c, const struct use *u,
                      const struct survivors *reader, bool *read)
{
    const struct term *t = &u->by->term[u->term];
    const uint8_t *mask = t->dense && t->alive ? checkpoint_mask(p, c, t->alive) : NULL;
    for (int64_t i = 0; i < u->rows; i++)
        read[u->from + i] |=
            t->dense ? has_live(mask, t, reader, u->column + i) : reader->place[u->column + i] >= 0;
}

struct survivors *find_survivors(const struct plan *p, const struct checkpoint *c)
{
    struct survivors *all = NEW_ARRAY(p->arena, p->values, struct survivors);
    for (int i = p->values - 1; i >= 0; i--) { /* what reads a value comes after it */
        const struct value *v = p->value[i];
        struct survivors *s = &all[v->index];
        const bool *dead = find_dead(p, c, v);
        bool *read = NEW_ARRAY(p->arena, v->rows, bool);
        for (int k = 0; k < v->uses; k++)
            mark_read(p, c, &v->use[k], &all[v->use[k].by->index], read);
        s->row = NEW_ARRAY(p->arena, v->rows, int64_t);
        s->place = NEW_ARRAY(p->arena, v->rows, int64_t);
        for (int64_t row = 0; row < v->rows; row++) {
            bool stays = v->is_input || v == p->output || (!dead[row] && read[row]);
            s->place[row] = stays ? s->count : -1;
            if (stays)
                s->row[s->count++] = row;
        }
    }
    return all;
}
