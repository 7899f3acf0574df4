/* Values of a 3-4-3-2 net without biases, relu, softmax cross-entropy, one sample, computed in
 * double precision from the equations of GRAPES by an independent program: input, weights,
 * feedback, the factors of the two hidden layers, and for each way to learn the errors at what
 * enters the three activations: row i of a weight's gradient is error i times what enters it. The
 * label is 0. */
#ifndef PLAST_TESTS_GOLDEN_GRAPES_H
#define PLAST_TESTS_GOLDEN_GRAPES_H

#include <stddef.h>

static const double golden_x[3] = {1.0, 0.5, 0.25};
static const double golden_w1[12] = {0.5, -0.25, 0.1,  -0.3, 0.8,  0.6,
                                     0.2, 0.1,   -0.4, 0.9,  -0.7, 0.3};
static const double golden_w2[12] = {0.4,  -0.2, 0.7,  0.1, 0.3, 0.6,
                                     -0.5, 0.2,  -0.1, 0.9, 0.2, -0.8};
static const double golden_w3[6] = {0.5, -0.4, 0.3, -0.6, 0.2, 0.7};
static const double golden_b2[12] = {0.3,  -0.2, 0.5, 0.1, 0.4,  -0.6,
                                     -0.5, 0.2,  0.3, 0.6, -0.1, 0.2};
static const double golden_b3[6] = {0.2, -0.7, 0.4, 0.1, -0.3, 0.5};
static const double golden_d2[8] = {0.2, -0.3, 0.5, 0.4, -0.1, 0.6, 0.7, -0.2};
static const double golden_m1[4] = {1.0, 1.7894736842105263, 1.0, 2.0};
static const double golden_m2[3] = {1.4000000000000001, 1.5999999999999999, 2.0};

enum golden_learn { GOLDEN_BACKPROP, GOLDEN_FA, GOLDEN_DFA };

static const struct golden_case {
    const char *what, *rule; /* NULL: none */
    enum golden_learn learn;
    double error[9]; /* 4 of the first layer, 3 of the second, 2 of the output */
} golden_cases[] = {
    {"backprop",
     NULL,
     GOLDEN_BACKPROP,
     {-0.1226466076033317, 0.2735962784997399, -0.504737962059865, 0.004717177215512756,
      -0.5188894937064032, 0.2830306329307654, 0.0, -0.47171772155127567, 0.47171772155127567}},
    {"propagating",
     "grapes",
     GOLDEN_BACKPROP,
     {-0.15472341266881848, 0.7462077809971127, -0.7349362101768875, 0.03585054683789693,
      -0.7264452911889646, 0.4528490126892246, 0.0, -0.47171772155127567, 0.47171772155127567}},
    {"local",
     "grapes_local",
     GOLDEN_BACKPROP,
     {-0.1226466076033317, 0.48959334047321873, -0.504737962059865, 0.009434354431025513,
      -0.7264452911889646, 0.4528490126892246, 0.0, -0.47171772155127567, 0.47171772155127567}},
    {"feedback alignment",
     NULL,
     GOLDEN_FA,
     {-0.09906072152576788, -0.09906072152576789, 0.1839699114049975, -0.24057603799115057,
      -0.4245459493961481, -0.1415153164653827, 0.0, -0.47171772155127567, 0.47171772155127567}},
    {"feedback alignment, propagating",
     "grapes",
     GOLDEN_FA,
     {-0.13302439747745975, -0.2684322108111786, 0.2518972633083812, -0.6679522937166064,
      -0.5943643291546074, -0.2264245063446123, 0.0, -0.47171772155127567, 0.47171772155127567}},
    {"direct feedback",
     NULL,
     GOLDEN_DFA,
     {-0.23585886077563784, -0.04717177215512755, 0.330202405085893, -0.4245459493961481,
      -0.4245459493961481, -0.1415153164653827, 0.0, -0.47171772155127567, 0.47171772155127567}},
    {"direct feedback, propagating",
     "grapes",
     GOLDEN_DFA,
     {-0.23585886077563784, -0.08441264490917562, 0.330202405085893, -0.8490918987922962,
      -0.5943643291546074, -0.2264245063446123, 0.0, -0.47171772155127567, 0.47171772155127567}},
    {"the range [1, 1]",
     "grapes(high = 1)",
     GOLDEN_BACKPROP,
     {-0.1226466076033317, 0.2735962784997399, -0.504737962059865, 0.004717177215512756,
      -0.5188894937064032, 0.2830306329307654, 0.0, -0.47171772155127567, 0.47171772155127567}},
};

#endif
