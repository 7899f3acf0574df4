/* The spine bounds of the prelude in compiled models against their direct transcription, on 10,000
 * random tracks of weights, in the program's own precision. The models' patience is in `patience`.
 */
#define spine_real float
#include "spine_track.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

extern const struct plast_model *const models[];

enum { ROWS = 100, COLUMNS = 100, TRACKS = ROWS * COLUMNS, STEPS = 60, MODELS = 5 };
static const int patience[MODELS] = {1, 2, 3, 5, 18};

static _Alignas(64) char block[1 << 23];
static struct spine spine[TRACKS];
static float weight[TRACKS];

static float *element(const struct plast_model *model, const char *name, int track)
{
    for (int i = 0; i < model->tensors; i++)
        if (!strcmp(model->tensor[i].name, name))
            return (float *)(void *)(block + model->tensor[i].offset) +
                   track / COLUMNS * model->tensor[i].stride + track % COLUMNS;
    printf("Bail out! there is no tensor %s\n", name);
    exit(1);
}

struct seen {
    long different, enlarged, shrunk, clamped;
    double start; /* how far the first bounds are from what they should be */
};

/* The first step sets up; of an input of zeroes no gradient comes, so no weight changes. */
static bool start(const struct plast_model *model, struct seen *seen, bool largest)
{
    const float x[COLUMNS] = {0}, y = 0;
    double size = 0;

    if (sizeof block < model->train_bytes || model->init(block, sizeof block, 5) != 0 ||
        model->begin(block, STEPS, 1) != 0 || model->step(block, x, &y, 1, NULL, 1, NULL) != 0)
        return false;
    for (int i = 0; i < TRACKS; i++) {
        double w = (double)(weight[i] = *element(model, "h.weight", i));
        spine[i] = spine_start(*element(model, "h.spine.upper", i), weight[i]);
        size = largest ? fmax(size, w) : size + w * w / TRACKS;
    }
    size = largest ? size : sqrt(size);
    seen->start = fabs((double)spine[0].rp / size - 1);
    return true;
}

static bool same(const struct plast_model *model, int i)
{
    const struct spine *s = &spine[i];

    return *element(model, "h.weight", i) == weight[i] &&
           *element(model, "h.spine.upper", i) == s->rp &&
           *element(model, "h.spine.lower", i) == s->rn &&
           *element(model, "h.spine.away", i) == (float)spine_away(s) &&
           *element(model, "h.spine.fall", i) == (float)s->ci &&
           *element(model, "h.spine.beyond", i) == s->sp + s->sn &&
           *element(model, "h.spine.last", i) == s->wp;
}

static bool follow(const struct plast_model *model, struct seen *seen, int n, int t)
{
    for (int i = 0; i < TRACKS; i++)
        *element(model, "h.weight", i) = weight[i] = spine_move(&spine[i], weight[i], i, t);
    if (model->begin(block, STEPS, 1) != 0 || model->end_epoch(block) != 0)
        return false;
    for (int i = 0; i < TRACKS; i++) {
        struct spine was = spine[i];
        float w = weight[i];
        weight[i] = spine_step(&spine[i], w, n, t);
        seen->enlarged += spine[i].rp > was.rp || spine[i].rn < was.rn;
        seen->shrunk += spine[i].ci == 0 && was.ci >= 0;
        seen->clamped += weight[i] != w;
        seen->different += !same(model, i);
    }
    return true;
}

int main(void)
{
    for (int k = 0; k < MODELS; k++) {
        struct seen seen = {0, 0, 0, 0, 0};
        bool good = models[k] && start(models[k], &seen, patience[k] == 18);
        for (int t = 0; good && t < STEPS; t++)
            good = follow(models[k], &seen, patience[k], t);
        ok(good && seen.start < 1e-6, "patience %d: bounds begin at the size of the layer",
           patience[k]);
        ok(good && seen.different == 0, "patience %d: %d tracks are bounded to the bit",
           patience[k], TRACKS);
        note("%ld times something else; %ld enlarged, %ld shrunk, %ld clamped", seen.different,
             seen.enlarged, seen.shrunk, seen.clamped);
    }
    return tap_done();
}
