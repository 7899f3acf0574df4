/* For the manifest of a net that was shrunk: which rows and columns of the whole tensors its own
 * are. */
#include "checkpoint.h"
#include "module.h"
#include "names.h"

#include <string.h>

static bool same_axis(const struct axis *x, const struct axis *y)
{
    return x->whole == y->whole && x->count == y->count &&
           memcmp(x->place, y->place, (size_t)x->count * sizeof *x->place) == 0;
}

static const char *find_name(const struct axes *axes, const struct axis *axis)
{
    for (int i = 0; i < axes->count; i++)
        if (same_axis(axes->at[i].axis, axis))
            return axes->at[i].name;
    return NULL;
}

static void print_axis(struct text *t, struct axes *axes, const struct plan *p,
                       const struct axis *axis, const char *layer)
{
    if (!axis || find_name(axes, axis))
        return;
    struct named_axis n = {axis, names_unique(p->names, arena_format(p->arena, "%s_left", layer))};
    PUSH(p->arena, axes->at, axes->count, n);
    text_printf(t, "\n/* Of %lld units %lld are left. */\nstatic const int32_t %s[] = {",
                (long long)axis->whole, (long long)axis->count, n.name);
    for (int64_t i = 0; i < axis->count; i++)
        text_printf(t, "%s%lld",
                    i == 0   ? "\n    "
                    : i % 16 ? ", "
                             : ",\n    ",
                    (long long)axis->place[i]);
    text_add(t, "\n};\n");
}

struct axes print_axes(struct text *t, const struct plan *p)
{
    struct axes axes = {0};
    for (int i = 0; i < p->fields; i++) {
        const struct field *f = &p->field[i];
        if (!is_tensor(f))
            continue;
        const struct axis *columns = axis_of_columns(f);
        print_axis(t, &axes, p, axis_of_rows(f), f->layer->name);
        if (columns)
            print_axis(t, &axes, p, columns, f->param->node->input[0]->layer->name);
    }
    return axes;
}

void print_whole(struct text *t, const struct axes *axes, const struct field *f)
{
    const struct axis *rows = axis_of_rows(f), *columns = axis_of_columns(f);
    if (!rows && !columns) {
        text_add(t, "NULL");
        return;
    }
    text_printf(t, "\n     &(const struct plast_whole){{%lld",
                (long long)(rows ? rows->whole : f->rows));
    if (f->rank > 1)
        text_printf(t, ", %lld", (long long)(columns ? columns->whole : f->cols));
    text_printf(t, "}, %s, %s}", rows ? find_name(axes, rows) : "NULL",
                columns ? find_name(axes, columns) : "NULL");
}
