/* The form of each matrix of a deployed net: whichever takes the fewest bytes. */
#include "deploy.h"
#include "memory.h"

#include <math.h>
#include <string.h>

const char *storage_name(enum storage s)
{
    static const char *const name[STORAGES] = {"dense", "csr8", "csr16", "bitmask"};
    return name[s];
}

static int bytes_for(int64_t most)
{
    return most < 256 ? 1 : most < 65536 ? 2 : 4;
}

static void set_numbers(struct arena *a, struct numbers *n, int64_t value)
{
    PUSH(a, n->value, n->count, value);
    if (bytes_for(value) > n->bytes)
        n->bytes = bytes_for(value);
}

static void push_weight(struct arena *a, struct product *p, double w)
{
    PUSH(a, p->stored, p->weights, w);
}

/* Steps of at most `most` from one live row to the next; a longer way has stops, of weight zero. */
static void store_csr(struct arena *a, struct product *p, int64_t most)
{
    p->index.bytes = bytes_for(most);
    for (int64_t col = 0; col < p->cols; col++) {
        int64_t at = 0, count = 0;
        for (int64_t row = 0; row < p->rows; row++) {
            if (!p->alive[col * p->rows + row])
                continue;
            for (; row - at > most; at += most, count++) {
                set_numbers(a, &p->index, most);
                push_weight(a, p, 0);
            }
            set_numbers(a, &p->index, row - at);
            push_weight(a, p, p->weight[col * p->rows + row]);
            at = row;
            count++;
        }
        set_numbers(a, &p->counts, count);
    }
}

/* Columns without a live row, as of inputs that are never lit, have one bit and no more. */
static void store_bits(struct arena *a, struct product *p)
{
    p->columns.count = (p->cols + 63) / 64 * 8;
    p->columns.value = NEW_ARRAY(a, p->columns.count, int64_t);
    for (int64_t col = 0; col < p->cols; col++) {
        const uint8_t *alive = p->alive + col * p->rows;
        if (!memchr(alive, 1, (size_t)p->rows))
            continue;
        p->columns.value[col / 8] |= (int64_t)1 << col % 8;
        set_numbers(a, &p->counts, p->weights);
        for (int64_t first = 0; first < (p->rows + 15) / 16 * 16; first += 8) {
            int64_t bits = 0;
            for (int64_t row = first; row < p->rows && row < first + 8; row++)
                if (alive[row]) {
                    bits |= (int64_t)1 << (row - first);
                    push_weight(a, p, p->weight[col * p->rows + row]);
                }
            set_numbers(a, &p->index, bits);
        }
    }
}

int64_t stored_beyond(const struct product *p)
{
    return p->storage == STORED_DENSE || p->storage == STORED_BITS ? 16 : 0;
}

static void store_as(struct arena *a, struct product *p, enum storage storage, size_t each)
{
    p->columns = p->counts = p->index = (struct numbers){.bytes = 1};
    p->stored = NULL;
    p->weights = 0;
    p->storage = storage;
    switch (storage) {
    case STORED_DENSE:
        p->stored = p->weight;
        p->weights = p->rows * p->cols;
        break;
    case STORED_CSR8:
        store_csr(a, p, UINT8_MAX);
        break;
    case STORED_CSR16:
        store_csr(a, p, UINT16_MAX);
        break;
    case STORED_BITS:
        store_bits(a, p);
        break;
    case STORAGES:
        bug("no form");
    }
    p->bytes = (size_t)(p->weights + stored_beyond(p)) * each +
               (size_t)(p->columns.count + p->counts.count * p->counts.bytes +
                        p->index.count * p->index.bytes);
}

static void store(struct deployment *d, struct product *p)
{
    size_t each = d->int8 ? sizeof(int8_t) : sizeof(float);
    struct product best = {0};
    for (int s = 0; s < STORAGES; s++) {
        store_as(d->arena, p, (enum storage)s, each);
        if (s == 0 || p->bytes < best.bytes)
            best = *p;
    }
    *p = best;
}

/* Which row each stored weight belongs to, so that it is divided by that row's unit. */
static void quantise(struct deployment *d, struct product *p)
{
    p->scale = NEW_ARRAY(d->arena, p->rows + 1, double);
    for (int64_t at = 0; at < p->rows * p->cols; at++)
        p->scale[at % p->rows] = fmax(p->scale[at % p->rows], fabs(p->weight[at]) / INT8_MAX);
    for (int64_t at = 0; at < p->rows * p->cols; at++)
        if (p->scale[at % p->rows] > 0)
            p->weight[at] = round(p->weight[at] / p->scale[at % p->rows]);
}

static bool all_zero(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (x[i] != 0)
            return false;
    return true;
}

static size_t count_bytes(const struct deployed *v, bool int8)
{
    size_t bytes = all_zero(v->bias, v->rows) ? 0 : (size_t)v->rows * sizeof(float);
    for (int i = 0; i < v->products; i++)
        bytes += v->product[i].bytes + (int8 ? (size_t)v->rows * sizeof(float) : 0);
    for (int i = 0; i < v->copies; i++)
        if (!v->copy[i].whole)
            bytes += (size_t)(2 * v->copy[i].count) *
                     (size_t)bytes_for(v->rows > v->copy[i].from->rows ? v->rows
                                                                       : v->copy[i].from->rows);
    if (v->is_output && v->rows < v->units)
        bytes += (size_t)v->rows * (size_t)bytes_for(v->units);
    return bytes;
}

static void add_buffer(struct deployment *d, struct buffer ***list, int *count, struct buffer *b,
                       const char *name, int64_t words, int first, int last)
{
    *b = (struct buffer){.name = name, .floats = words, .first = first, .last = last};
    PUSH(d->arena, *list, *count, b);
}

/* What a value needs of the scratch memory, and how long. */
static void lay_out(struct deployment *d)
{
    struct buffer **list = NULL;
    int count = 0;
    for (int i = 0; i < d->values; i++) {
        struct deployed *v = d->value[i];
        if (!v->is_input && !(v->is_output && v->rows == v->units))
            add_buffer(d, &list, &count, &v->sums, v->name, v->rows, i, v->last);
        if (d->int8 && v->is_quantised)
            add_buffer(d, &list, &count, &v->integers, arena_format(d->arena, "%s_q", v->name),
                       (v->rows + 3) / 4, i, v->last);
        if (d->int8 && v->products)
            add_buffer(d, &list, &count, &v->products_sums,
                       arena_format(d->arena, "%s_sum", v->name), v->rows, i, i);
    }
    int64_t words = place_buffers(d->arena, list, count);
    d->scratch = (size_t)(words ? words : 1) * sizeof(float);
}

void deploy_store(struct deployment *d)
{
    for (int i = 0; i < d->values; i++) {
        struct deployed *v = d->value[i];
        for (int k = 0; k < v->products; k++) {
            if (d->int8)
                quantise(d, &v->product[k]);
            store(d, &v->product[k]);
        }
        d->bytes += count_bytes(v, d->int8);
    }
    lay_out(d);
}
