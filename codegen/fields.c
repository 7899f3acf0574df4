/* The arrays of the model's struct: trained tensors, the optimizer's states, feedback; masks are
 * entered by masks.c, what rules keep by sites.c. */
#include "memory.h"
#include "names.h"

#include <string.h>

static bool carries_error(const struct term *t)
{
    for (int s = 0; s < t->segments; s++)
        if (t->segment[s].value->learns)
            return true;
    return false;
}

struct field *plan_add_field(struct plan *p, const char *tensor)
{
    struct field f = {.tensor = tensor, .probe = -1};
    char *name = arena_format(p->arena, "%s", tensor);
    for (char *p = name; *p; p++)
        if (*p == '.')
            *p = '_';
    f.name = names_unique(p->names, name);
    PUSH(p->arena, p->field, p->fields, f);
    return &p->field[p->fields - 1];
}

bool is_tensor(const struct field *f)
{
    return f->kind != F_CARRY && f->kind != F_COUNTS && f->kind != F_PLACES && f->kind != F_KERNELS;
}

const char *tensor_type(const struct field *f)
{
    return f->kind == F_MASK ? "U8" : f->kind == F_COUNTER ? "I64" : "F32";
}

static void shape_matrix(struct field *f, int64_t rows, int64_t cols)
{
    f->rows = rows;
    f->cols = cols;
    f->line = cols == 1 ? 1 : round_up(cols, 16);
    f->shape[0] = rows;
    f->shape[1] = cols;
}

static void add_param(struct plan *p, struct param *param)
{
    struct field *f = plan_add_field(p, param->name);
    f->kind = F_PARAM;
    f->param = param;
    f->layer = param->node->layer;
    f->rank = param->shape.rank;
    shape_matrix(f, param->shape.dim[0], shape_size(&param->shape) / param->shape.dim[0]);
    for (int i = 0; i < f->rank; i++)
        f->shape[i] = param->shape.dim[i];
    if (param->shape.rank > 1)
        f->line = round_up(f->cols, 16);
    f->probe = p->probe_size;
    p->probe_size += round_up(f->rows * f->line, 16);
    struct field like = *f;
    for (int i = 0; i < p->net->optimizer->state_count; i++) {
        const struct update_state *state = &p->net->optimizer->state[i];
        struct field *s =
            plan_add_field(p, arena_format(p->arena, "%s.%s", param->name, state->name));
        const char *tensor = s->tensor, *name = s->name;
        *s = like;
        s->tensor = tensor;
        s->name = name;
        s->kind = F_STATE;
        s->probe = -1;
        s->initial = initial_value(p, state->initial);
    }
}

static void add_feedback(struct plan *p, struct term *t)
{
    const struct field *weight = plan_field(p, t->dense->weight, NULL);
    struct field like = *weight;
    const char *dot = strstr(like.tensor, ".weight");
    struct field *f =
        plan_add_field(p, arena_format(p->arena, "%.*s.feedback%s", (int)(dot - like.tensor),
                                       like.tensor, dot + strlen(".weight")));
    const char *tensor = f->tensor, *name = f->name;
    *f = like;
    f->tensor = tensor;
    f->name = name;
    f->kind = F_FEEDBACK;
    f->probe = -1;
    t->feedback = name;
}

static void add_direct(struct plan *p, struct value *v)
{
    struct field *f = plan_add_field(p, arena_format(p->arena, "%s.feedback", v->layer->name));
    f->kind = F_FEEDBACK;
    f->layer = v->layer;
    f->rank = 2;
    shape_matrix(f, v->rows, p->output->rows);
    f->line = round_up(f->cols, 16);
    v->direct = f->name;
}

static const char *add_moment(struct plan *p, const struct value *v, const char *what,
                              double initial)
{
    struct field *f = plan_add_field(p, arena_format(p->arena, "%s.%s", v->norm->name, what));
    f->kind = F_MOMENT;
    f->layer = v->layer;
    f->rank = 1;
    shape_matrix(f, neurons_in(v), 1);
    f->initial = initial;
    return f->name;
}

void plan_fields(struct plan *p)
{
    for (int i = 0; i < p->net->param_count; i++)
        add_param(p, p->net->param[i]);
    for (int i = 0; i < p->values; i++) {
        struct value *v = p->value[i];
        for (int t = 0; t < v->terms; t++) {
            struct term *m = &v->term[t];
            if (!m->dense)
                continue;
            m->weight = plan_field(p, m->dense->weight, NULL)->name;
            m->bias = m->dense->bias ? plan_field(p, m->dense->bias, NULL)->name : NULL;
            m->kernel = m->weight;
            if (p->net->learn == LEARN_FEEDBACK && carries_error(m))
                add_feedback(p, m);
        }
        if (v->is_direct)
            add_direct(p, v);
        if (v->norm) {
            v->running_mean = add_moment(p, v, "running_mean", 0);
            v->running_var = add_moment(p, v, "running_var", 1);
        }
    }
    plan_masks(p);
}

const struct field *plan_field(const struct plan *p, const struct param *param, const char *state)
{
    for (int i = 0; i < p->fields; i++) {
        const struct field *f = &p->field[i];
        if (f->param != param || f->kind != (state ? F_STATE : F_PARAM))
            continue;
        if (!state || strcmp(strrchr(f->tensor, '.') + 1, state) == 0)
            return f;
    }
    bug("no tensor for %s", param->name);
}

const struct field *plan_find_field(const struct plan *p, const char *tensor)
{
    for (int i = 0; i < p->fields; i++)
        if (strcmp(p->field[i].tensor, tensor) == 0)
            return &p->field[i];
    return NULL;
}
