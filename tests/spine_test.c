/* The spine bounds of the prelude in the reference interpreter against their direct transcription,
 * on 10,000 random tracks of weights. */
#define spine_real double
#include "rule_try.h"
#include "spine_track.h"

enum { ROWS = 100, COLUMNS = 100, TRACKS = ROWS * COLUMNS, STEPS = 60 };

struct seen { /* how often each branch was taken, so that none is left out; the differences */
    long above, below, shrunk, clamped;
    double worst;
};

static void differ_by(struct seen *seen, double a, double b)
{
    seen->worst = fmax(seen->worst, fabs(a - b) / fmax(1, fabs(b)));
}

/* What the transcription makes of the weights. */
static void transcribe(struct seen *seen, struct spine *spine, double *weight, int patience, int t)
{
    for (int i = 0; i < TRACKS; i++) {
        struct spine was = spine[i];
        double w = weight[i];
        weight[i] = spine_step(&spine[i], w, patience, t);
        seen->above += spine[i].cp == 0 && spine[i].rp > was.rp;
        seen->below += spine[i].cn == 0 && spine[i].rn < was.rn;
        seen->shrunk += spine[i].ci == 0 && was.ci >= 0;
        seen->clamped += weight[i] != w;
    }
}

static void compare(struct seen *seen, const struct reference *r, const struct spine *spine,
                    const double *weight)
{
    const struct attachment *a = r->attachment;
    const struct values *upper = value_of(a, "upper"), *lower = value_of(a, "lower");

    for (int i = 0; i < TRACKS; i++) {
        differ_by(seen, r->param[0].at[i], weight[i]);
        differ_by(seen, upper->at[i], spine[i].rp);
        differ_by(seen, lower->at[i], spine[i].rn);
        differ_by(seen, value_of(a, "away")->at[i], spine_away(&spine[i]));
        differ_by(seen, value_of(a, "fall")->at[i], spine[i].ci);
        differ_by(seen, value_of(a, "beyond")->at[i], spine[i].sp + spine[i].sn);
    }
}

static double start_size(const struct reference *r, bool largest)
{
    double size = 0;

    for (int i = 0; i < TRACKS; i++)
        size = largest ? fmax(size, r->param[0].at[i]) : size + pow(r->param[0].at[i], 2) / TRACKS;
    return largest ? size : sqrt(size);
}

static struct seen run(const char *arguments, int patience, bool largest)
{
    struct reference *r =
        reference_of(arena_format(arena,
                                  "model t; input x[%d]; layer h = x |> dense(%d, bias = false);"
                                  "output y = h |> dense(1); loss mse; optimizer sgd(0); epochs %d;"
                                  "plasticity spine(patience = %d%s) on h;",
                                  COLUMNS, ROWS, STEPS, patience, arguments));
    struct spine *spine = NEW_ARRAY(arena, TRACKS, struct spine);
    double *weight = NEW_ARRAY(arena, TRACKS, double), size;
    struct seen seen = {0, 0, 0, 0, 0};

    reference_set_up(r);
    size = value_of(r->attachment, "upper")->at[0];
    for (int i = 0; i < TRACKS; i++)
        spine[i] = spine_start(size, weight[i] = r->param[0].at[i]);
    differ_by(&seen, size, start_size(r, largest));
    for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < TRACKS; i++) {
            weight[i] = spine_move(&spine[i], weight[i], i, t);
            values_set(&r->param[0], i, weight[i], 0);
        }
        reference_end_epoch(r);
        transcribe(&seen, spine, weight, patience, t);
        compare(&seen, r, spine, weight);
    }
    return seen;
}

int main(void)
{
    static const int patience[] = {1, 2, 3, 5, 18};

    arena = arena_new();
    for (int k = 0; k < 5; k++) {
        bool largest = patience[k] == 18;
        struct seen seen = run(largest ? ", extreme = 1" : "", patience[k], largest);
        ok(seen.worst < 1e-9, "%d tracks are bounded as the equations say, patience %d", TRACKS,
           patience[k]);
        note("worst difference %.3g", seen.worst);
        ok(seen.above > 100 && seen.below > 100 && seen.shrunk > 100 && seen.clamped > 100,
           "%ld times enlarged above, %ld below, %ld shrunk, %ld clamped", seen.above, seen.below,
           seen.shrunk, seen.clamped);
    }
    arena_free(arena);
    return tap_done();
}
