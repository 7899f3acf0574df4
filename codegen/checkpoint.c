/* A file of safetensors -> the fields of a plan. The reader is the library's: nothing else of the
 * compiler, but calibrate.c, includes what is not in dsl/ or here. */
#include "checkpoint.h"

#include "../runtime/safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const struct plan *plan;
    struct arena *arena;
    struct checkpoint *into;
    struct plast_safetensors header;
    FILE *file;
    const char *wrong;
};

static bool fail(struct reading *r, const char *what)
{
    r->wrong = arena_format(r->arena, "%s: %s", r->into->path, what);
    return false;
}

static bool check_entry(struct reading *r, const struct field *f, const struct plast_entry *e)
{
    struct arena *a = r->arena;
    if (f->rank != e->rank || memcmp(f->shape, e->shape, (size_t)f->rank * sizeof *f->shape) != 0)
        return fail(r, arena_format(a, "is of another model: %s is %s in the model, %s there",
                                    f->tensor, dimensions_text(a, f->shape, f->rank),
                                    dimensions_text(a, e->shape, e->rank)));
    if (strcmp(e->type, tensor_type(f)) != 0)
        return fail(r, arena_format(a, "is of another model: %s is %s in the model, %s there",
                                    f->tensor, tensor_type(f), e->type));
    return true;
}

static bool check_names(struct reading *r)
{
    const char *name = plast_find_metadata(&r->header, "model");
    if (name && strcmp(name, r->plan->net->name) != 0)
        return fail(r, arena_format(r->arena, "is of another model: of %s, not of %s", name,
                                    r->plan->net->name));
    for (int i = 0; i < r->plan->fields; i++) {
        const struct field *f = &r->plan->field[i];
        const struct plast_entry *e = is_tensor(f) ? plast_find_entry(&r->header, f->tensor) : NULL;
        if (e && !check_entry(r, f, e))
            return false;
        if (!e && f->kind == F_PARAM)
            return fail(r, arena_format(r->arena, "is of another model: it has no %s", f->tensor));
    }
    for (size_t k = 0; k < r->header.entries; k++) {
        const struct field *f = plan_find_field(r->plan, r->header.entry[k].name);
        if (!f || !is_tensor(f))
            return fail(r,
                        arena_format(r->arena, "is of another model: it has %s, which %s has not",
                                     r->header.entry[k].name, r->plan->net->name));
    }
    return true;
}

static void *read_entry(struct reading *r, const struct plast_entry *e, size_t size)
{
    size_t count = (size_t)(e->end - e->begin) / size;
    void *values = arena_array(r->arena, count ? count : 1, size);
    if (fseeko(r->file, (off_t)(r->header.data + e->begin), SEEK_SET) != 0 ||
        fread(values, size, count, r->file) != count) {
        fail(r, arena_format(r->arena, "%s cannot be read", e->name));
        return NULL;
    }
    plast_little_endian(values, size, count);
    return values;
}

static const char *place_text_of(struct reading *r, const struct field *f, int64_t at)
{
    return f->cols == 1 ? arena_format(r->arena, "element %" PRId64, at)
                        : arena_format(r->arena, "row %" PRId64 ", column %" PRId64, at / f->cols,
                                       at % f->cols);
}

static bool read_mask(struct reading *r, int i, const struct plast_entry *e)
{
    const struct field *f = &r->plan->field[i];
    uint8_t *mask = read_entry(r, e, 1);
    for (int64_t k = 0; mask && k < f->rows * f->cols; k++)
        if (mask[k] > 1)
            return fail(r,
                        arena_format(r->arena, "%s is %d in %s: 0 (dead) or 1 (alive) was expected",
                                     f->tensor, mask[k], place_text_of(r, f, k)));
    r->into->mask[i] = mask;
    return mask != NULL;
}

static bool read_values(struct reading *r, int i, const struct plast_entry *e)
{
    const struct field *f = &r->plan->field[i];
    float *values = read_entry(r, e, sizeof(float));
    for (int64_t k = 0; values && k < f->rows * f->cols; k++)
        if (!isfinite(values[k]))
            return fail(r, arena_format(r->arena, "%s is infinite or not a number in %s", f->tensor,
                                        place_text_of(r, f, k)));
    r->into->values[i] = values;
    return values != NULL;
}

static bool read_fields(struct reading *r)
{
    for (int i = 0; i < r->plan->fields; i++) {
        const struct field *f = &r->plan->field[i];
        const struct plast_entry *e = plast_find_entry(&r->header, f->tensor);
        if (f->kind == F_MASK && e && !read_mask(r, i, e))
            return false;
        if (f->kind == F_PARAM && !read_values(r, i, e))
            return false;
    }
    return true;
}

/* What is dead counts as zero, whatever the file holds there. */
static void silence(const struct plan *p, struct checkpoint *c)
{
    for (int i = 0; i < p->fields; i++) {
        const struct field *f = &p->field[i];
        const uint8_t *mask =
            f->kind == F_PARAM && f->alive ? checkpoint_mask(p, c, f->alive) : NULL;
        for (int64_t k = 0; mask && k < f->rows * f->cols; k++)
            if (!mask[k])
                c->values[i][k] = 0;
    }
}

static double number_of(const struct reading *r, const char *key)
{
    const char *text = plast_find_metadata(&r->header, key);
    return text ? strtod(text, NULL) : 0;
}

static bool read_all(struct reading *r)
{
    struct plast_fault fault;
    struct checkpoint *c = r->into;
    r->file = fopen(c->path, "rb");
    if (!r->file)
        return fail(r, strerror(errno));
    bool read = plast_read_safetensors(&r->header, c->path, r->file, &fault) == 0;
    if (!read)
        r->wrong = arena_format(r->arena, "%s", fault.text);
    if (read && (!check_names(r) || !read_fields(r)))
        read = false;
    if (read) {
        c->epoch = number_of(r, "epoch");
        c->epochs = number_of(r, "epochs");
        c->step = number_of(r, "step");
        double steps = c->epochs * number_of(r, "steps_per_epoch");
        c->progress = steps > 0 ? fmin(1, c->step / steps) : 0;
        silence(r->plan, c);
    }
    plast_free_safetensors(&r->header);
    fclose(r->file);
    return read;
}

struct checkpoint *checkpoint_read(const struct plan *p, const char *path, const char **wrong)
{
    struct checkpoint *c = NEW(p->arena, struct checkpoint);
    struct reading r = {.plan = p, .arena = p->arena, .into = c};
    c->path = path;
    c->values = NEW_ARRAY(p->arena, p->fields + 1, float *);
    c->mask = NEW_ARRAY(p->arena, p->fields + 1, uint8_t *);
    bool read = read_all(&r);
    *wrong = r.wrong;
    return read ? c : NULL;
}

static int number_of_field(const struct plan *p, const char *name)
{
    for (int i = 0; i < p->fields; i++)
        if (strcmp(p->field[i].name, name) == 0)
            return i;
    bug("no field %s", name);
}

const float *checkpoint_values(const struct plan *p, const struct checkpoint *c, const char *field)
{
    return c->values[number_of_field(p, field)];
}

const uint8_t *checkpoint_mask(const struct plan *p, const struct checkpoint *c, const char *field)
{
    return c->mask[number_of_field(p, field)];
}
