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
    bool complete; /* a run was saved, not weights from elsewhere: everything must be there */
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

static bool check_model(struct reading *r)
{
    const char *format = plast_find_metadata(&r->header, "format");
    const char *name = plast_find_metadata(&r->header, "model"), *own = r->plan->net->name;
    r->complete = format && strncmp(format, "plast", 5) == 0;
    if (r->complete && strcmp(format, "plast 1") != 0)
        return fail(r, "is a checkpoint of a version of plast that is not known");
    if (name && strcmp(name, own) != 0)
        return fail(r, arena_format(r->arena, "is of another model: of %s, not of %s", name, own));
    if (r->complete && !name)
        return fail(r, arena_format(r->arena, "is of another model: its model is not %s", own));
    return true;
}

static bool check_names(struct reading *r)
{
    for (int i = 0; i < r->plan->fields; i++) {
        const struct field *f = &r->plan->field[i];
        const struct plast_entry *e = is_tensor(f) ? plast_find_entry(&r->header, f->tensor) : NULL;
        if (e && !check_entry(r, f, e))
            return false;
        if (!e && (f->kind == F_PARAM || (r->complete && is_tensor(f))))
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
    return arena_format(r->arena, "row %" PRId64 ", column %" PRId64, at / f->cols, at % f->cols);
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

/* The compiler has no use for them; what is no count would stop the program that reads it. The
 * first says whether the rule has begun. */
static bool check_counters(struct reading *r, const struct field *f, const struct plast_entry *e)
{
    const int64_t *count = read_entry(r, e, sizeof *count);
    for (int64_t k = 0; count && k < f->rows * f->cols; k++)
        if (count[k] < 0 || (k == 0 && count[k] > 1))
            return fail(r, arena_format(r->arena,
                                        "%s is %" PRId64 " in row %" PRId64 ": %s was expected",
                                        f->tensor, count[k], k, k ? "a count" : "0 or 1"));
    return count != NULL;
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
        if (f->kind == F_COUNTER && e && !check_counters(r, f, e))
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

/* Weights from elsewhere stand at no point of a run. */
static bool read_count(struct reading *r, const char *key, double *count)
{
    const char *text = r->complete ? plast_find_metadata(&r->header, key) : "0";
    char *end = NULL;
    errno = 0;
    long long n = text ? strtoll(text, &end, 10) : 0;
    if (!text)
        return fail(r, arena_format(r->arena, "__metadata__ has no %s", key));
    if (errno || end == text || *end || n < 0)
        return fail(r, arena_format(r->arena, "%s in __metadata__ is damaged", key));
    *count = (double)n;
    return true;
}

static bool read_run(struct reading *r)
{
    struct checkpoint *c = r->into;
    double steps = 0;
    if (!read_count(r, "epoch", &c->epoch) || !read_count(r, "epochs", &c->epochs) ||
        !read_count(r, "step", &c->step) || !read_count(r, "steps_per_epoch", &steps))
        return false;
    steps *= c->epochs;
    c->progress = steps > 0 ? fmin(1, c->step / steps) : 0;
    return true;
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
    read = read && check_model(r) && check_names(r) && read_run(r) && read_fields(r);
    if (read)
        silence(r->plan, c);
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
