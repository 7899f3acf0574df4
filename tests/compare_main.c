/* A test program over a table of generated models: each is compared with the
 * reference interpreter. Arguments: seed, steps. Linked with the models and a
 * generated file that defines compare_cases, ended by a NULL. */
#include "compare.h"
#include "tap.h"

#include <stdlib.h>

extern const struct compare_case compare_cases[];

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    int steps = argc > 2 ? atoi(argv[2]) : 4;

    for (int i = 0; compare_cases[i].path; i++) {
        struct compare_result r = compare_model(&compare_cases[i], seed + (uint64_t)i, steps);
        ok(r.same, "%s computes what the reference does", compare_cases[i].model->name);
        if (!r.same)
            note("%s: %s", compare_cases[i].path, r.why);
        note("%ld numbers, %ld loose, worst %.2f of the tolerance at %s", r.compared, r.loose,
             r.worst, r.worst_where);
        if (r.decided + r.undecided > 0)
            note("%s: %ld synapses are dead, %ld of %ld updates undecided",
                 compare_cases[i].model->name, r.dead, r.undecided, r.decided + r.undecided);
    }
    return tap_done();
}
