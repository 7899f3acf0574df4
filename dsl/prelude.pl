# The standard definitions. Nothing here is special: a model file may replace any of them, and a copy
# under another name compiles to the same C.

# --- activations. Where exp could overflow, the branch that is taken does not need it.
function relu(x) = x > 0 ? x : 0;
function leaky_relu(x, slope = 0.01) = x > 0 ? x : slope * x;
function elu(x, alpha = 1) = x > 0 ? x : alpha * (exp(x) - 1);
function sigmoid(x) = x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
function silu(x) = x * sigmoid(x);
function gelu(x) = x * (1 + tanh(0.7978845608 * (x + 0.044715 * x ^ 3))) / 2;
function softplus(x) = x > 30 ? x : log(1 + exp(x));
function softsign(x) = x / (1 + abs(x));
function clamp(x, low, high) = min(max(x, low), high);

# --- windows: what stands for the derivative of a spike
function atan_window(z, a = 2) = (a / 2) / (1 + (1.570796327 * a * z) ^ 2);
function triangle_window(z, a = 1) = max(0, a - a ^ 2 * abs(z));
function rectangle_window(z, a = 1) = abs(z) < 1 / (2 * a) ? a : 0;
function tanh_window(z, a = 1) = a * (1 - tanh(a * z) ^ 2);

# --- schedules, for arguments. Warming up takes `warmup` epochs, from 0 to 1.
function warm(warmup) = min(1, epochs * progress / max(warmup, 1e-6));
function cosine(from, to, warmup = 0) = epochs * progress < warmup ? from * warm(warmup)
    : to + (from - to) * (1 + cos(3.141592654 * (epochs * progress - warmup) / max(epochs - warmup, 1e-6))) / 2;

# From 0 to `fraction`, as 1 - (1 - t)^3, while t crosses the share `ramp` of what was left of the run
# at progress `begun`; all of it at once where ramp is 0.
function ramped(fraction, begun, ramp) = fraction * (1 - (ramp > 0
    ? 1 - clamp((progress - begun) / max(ramp * (1 - begun), 1e-6), 0, 1) : 0) ^ 3);

# --- neurons. What fires is set back, and that is not differentiated. Integrate and fire; with a
# leak; with a trained leak; with a threshold that rises with each spike and decays (after Bellec et
# al., NeurIPS 31, 2018); the two equations of Izhikevich (IEEE Trans. Neural Networks 14(6), 2003),
# potentials in units of 100 mV and `span` ms a step, in two halves as there; spiking neural units
# (Wozniak et al., Nature Machine Intelligence 2, 2020), which are differentiated through what sets
# them back.
neuron integrate_fire(x, threshold = 1, surrogate = 2) {
    state u = 0;
    u += x;
    spike = fire(u - threshold, atan_window(u - threshold, surrogate));
    u *= 1 - detach(spike);
    emit spike;
}
neuron lif(x, tau = 2, threshold = 1, surrogate = 2) {
    state u = 0;
    u += (x - u) / tau;
    spike = fire(u - threshold, atan_window(u - threshold, surrogate));
    u *= 1 - detach(spike);
    emit spike;
}
neuron plif(x, threshold = 1, surrogate = 2) {
    learnable a = 0;
    state u = 0;
    u += (x - u) * sigmoid(a);
    spike = fire(u - threshold, atan_window(u - threshold, surrogate));
    u *= 1 - detach(spike);
    emit spike;
}
neuron alif(x, tau = 2, threshold = 1, rise = 0.2, decay = 0.9, surrogate = 2) {
    state u = 0, fatigue = 0;
    u += (x - u) / tau;
    z = u - threshold - rise * fatigue;
    spike = fire(z, atan_window(z, surrogate));
    u *= 1 - detach(spike);
    fatigue = decay * fatigue + spike;
    emit spike;
}
neuron izhikevich(x, recovery = 0.02, coupling = 0.2, reset = -0.65, jump = 0.08, peak = 0.3, span = 1,
                  surrogate = 2) {
    state v = -0.65, r = coupling * -0.65;
    v += span / 2 * (4 * v ^ 2 + 5 * v + 1.4 - r + x);
    v += span / 2 * (4 * v ^ 2 + 5 * v + 1.4 - r + x);
    spike = fire(v - peak, atan_window(v - peak, surrogate));
    v = min(v, peak);
    r += span * recovery * (coupling * v - r);
    v = detach(spike) ? reset : v;
    r += jump * detach(spike);
    emit spike;
}
# slope 1: the state is what it is; 0: never negative
neuron snu(x, decay = 0.8, slope = 1) {
    learnable neuron bias = -1;
    state s = 0, y = 0;
    s = leaky_relu(x + decay * s * (1 - y), slope);
    y = fire(s + bias, 1 - tanh(s + bias) ^ 2);
    emit y;
}
neuron soft_snu(x, decay = 0.8, slope = 1) {
    learnable neuron bias = -1;
    state s = 0, y = 0;
    s = leaky_relu(x + decay * s * (1 - y), slope);
    y = sigmoid(s + bias);
    emit y;
}

# --- optimizers. `step` is the number of updates made before this one.
optimizer sgd(rate, momentum = 0, decay = 0) {
    state velocity = 0;
    velocity = momentum * velocity + grad + decay * w;
    w -= rate * velocity;
}
optimizer nesterov(rate, momentum = 0.9, decay = 0) {
    state velocity = 0;
    g = grad + decay * w;
    velocity = momentum * velocity + g;
    w -= rate * (g + momentum * velocity);  # w is where the momentum will have led
}
optimizer rmsprop(rate, smoothing = 0.99, epsilon = 1e-8, decay = 0) {
    state square = 0;
    g = grad + decay * w;
    square = smoothing * square + (1 - smoothing) * g ^ 2;
    w -= rate * g / (sqrt(square) + epsilon);
}
optimizer adam(rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0) {
    state first = 0, second = 0;
    g = grad + decay * w;
    first  = beta1 * first  + (1 - beta1) * g;
    second = beta2 * second + (1 - beta2) * g ^ 2;
    w -= rate * first / (1 - beta1 ^ (step + 1)) / (sqrt(second / (1 - beta2 ^ (step + 1))) + epsilon);
}
optimizer adamw(rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0.01) {
    state first = 0, second = 0;
    first  = beta1 * first  + (1 - beta1) * grad;
    second = beta2 * second + (1 - beta2) * grad ^ 2;
    w -= rate * (first / (1 - beta1 ^ (step + 1)) / (sqrt(second / (1 - beta2 ^ (step + 1))) + epsilon) + decay * w);
}

# --- GRAPES: Dellaferrera, Wozniak, Indiveri, Pantazi, Eleftheriou, Nature Communications 13:1885 (2022);
# patented, US 12,020,162 B2. A neuron is responsible by the weight that enters it, as a share of the most that
# enters any in its layer; biases do not count. Clamped as in the authors' code; a layer that holds no weight
# at all has factor 1 (chosen here).
#   low, high   the factor is twice that share, kept between these two; low = high = 1 is plain learning
# grapes scales the errors, so that the layers below feel it; grapes_local the gradients of its own layer only.
rule grapes(low = 1, high = 2) {
    modulate {
        neuron responsibility = sum(abs(w));
        layer  largest = max(responsibility);
        error *= largest > 0 ? clamp(2 * responsibility / largest, low, high) : 1;
    }
}
rule grapes_local(low = 1, high = 2) {
    modulate {
        neuron responsibility = sum(abs(w));
        layer  largest = max(responsibility);
        grad *= largest > 0 ? clamp(2 * responsibility / largest, low, high) : 1;
    }
}

# --- dendritic-spine bounds: Zhao, Zeng, Bai, Neural Computation 34(1) (2022); the equations follow later
# code of the same first author. Each weight lives between two bounds, an upper and a lower one. A weight that
# stays beyond a bound moves it outwards by the mean of what was in excess; one whose size keeps falling draws
# both in. In between the weight is free, and at each adapt it is put back within.
#   patience    adapts in a row that it takes; the first time one more; nothing is put back before so many
#   scale       the bounds start at this times the root mean square of the layer's weights
#   extreme     1: they start at the layer's largest weight, and scale does not matter
#   shrink      what falling weights multiply their bounds by
# The setting of that code is spine(patience = 18, extreme = 1), from epoch 1.
# away counts adapts in a row: above zero at or beyond the upper bound, below zero at the lower one, one
# number since both cannot be; fall counts, from -1, adapts with a falling size.
rule spine(patience = 1, scale = 1, extreme = 0, shrink = 0.75) {
    layer size = extreme ? max(w) : scale * rms(w);
    state synapse upper = size, lower = -size, last = abs(w);
    state synapse away = 0, fall = -1, beyond = 0;
    adapt {
        if (w >= upper) {
            away = max(away, 0) + 1;
            beyond = away > 1 ? beyond + w - upper : 0;
            if (away > patience) { upper += beyond / patience; beyond = 0; away = 1; }
        } else { if (w <= lower) {
            away = min(away, 0) - 1;
            beyond = away < -1 ? beyond + w - lower : 0;
            if (away < -patience) { lower += beyond / patience; beyond = 0; away = -1; }
        } else { away = 0; beyond = 0; } }
        if (abs(w) < last) {
            fall += 1;
            if (fall >= patience) { upper *= shrink; lower *= shrink; fall = 0; }
        } else { fall = -1; }
        last = abs(w);
        if (period + 1 >= patience) { w = clamp(w, lower, upper); }
    }
}

# --- activity-dependent synaptic pruning: Zhao, Zeng, Frontiers in Systems Neuroscience 15:620558 (2021);
# counting as in their group's code, the measure of activity chosen here: the mean size of what arrives
# times the size of the weight. Who is among the least active for long dies, for good.
#   fraction    of the layer's synapses that count as least active, the dead among them: no more than that die
#   patience    adapts in a row after the first at which a synapse was among them
#   ramp        the part of the remaining run over which fraction is reached; 0: at once
# use sums up the mean size of each input since the last adapt; run counts from -1.
rule unused(fraction = 0.6, patience = 5, ramp = 0) {
    state layer   begun = progress;
    state input   use = 0;
    state synapse run = -1;
    observe { use += batch_mean(abs(pre)); }
    adapt {
        layer   share = ramped(fraction, begun, ramp);
        synapse low   = lowest(use * abs(w), share);
        run = low ? run + 1 : -1;
        drop synapse when run >= patience;
        use = 0;
    }
}

# --- DPAP: Han, Zhao, Zeng, Shen, IEEE Transactions on Pattern Analysis and Machine Intelligence 47(1) (2025),
# arXiv 2211.12714; equations and settings as in their code. Neurons, or synapses, live on what they earn:
# by BCM plasticity (correlated activity, above a threshold that is the running mean) and, neurons, by activity.
#   initial     survival to begin with; whose survival falls below 0 dies for good
#   pressure    what each pays at an adapt; it earns 0 where it is the least of its layer, 2 from ceiling on
#   bonus       comes on top where more is earned than paid
#   cooling     each time so many epochs have passed, gains and losses count 1/e of what they did
#   ceiling     the quantile of the layer that earns the most
#   keep        1: sums go on from adapt to adapt; 0: each begins anew
#   fade        decay of the traces per time step; a net without time has no use for it
#   retain      what an adapt leaves of survival
rule dpap_neurons(initial = 10, pressure = 0.75, bonus = 2, cooling = 12, ceiling = 0.75, keep = 0, fade = 0.5, retain = 0.999) {
    state kernel bcm = 0;
    state neuron threshold = 0, activity = 0, survival = initial;
    state layer  seen = 0, begun = epoch;
    observe {
        bcm += batch_sum(trace(post, fade) * (trace(post, fade) - threshold) * trace(pre, fade));
        activity += batch_sum(trace(post, fade));
        seen += 1;
        threshold += (batch_mean(trace(post, fade)) - threshold) / seen;
    }
    adapt {
        neuron total = sum(bcm);
        layer  least = min(total), most = max(total), calm = min(activity), busy = max(activity);
        neuron value = (most > least ? (total - least) / (most - least) : 0)
                     * (busy > calm ? (activity - calm) / (busy - calm) : 0);
        layer  low = min(value), high = quantile(value, ceiling);
        neuron delta = high > low ? 2 * clamp((value - low) / (high - low), 0, 1) - pressure : 0;
        survival = retain * survival + (delta > 0 ? delta + bonus : delta) * exp(-floor((epoch - begun) / cooling));
        drop neuron when survival < 0;
        if (not keep) { bcm = 0; activity = 0; }
    }
}
rule dpap_synapses(initial = 10, pressure = 0.75, bonus = 2, cooling = 12, ceiling = 0.75, keep = 0, fade = 0.5, retain = 0.999) {
    state kernel bcm = 0, survival = initial;
    state neuron threshold = 0;
    state layer  seen = 0, begun = epoch;
    observe {
        bcm += batch_sum(trace(post, fade) * (trace(post, fade) - threshold) * trace(pre, fade));
        seen += 1;
        threshold += (batch_mean(trace(post, fade)) - threshold) / seen;
    }
    adapt {
        layer  low = min(bcm), high = quantile(bcm, ceiling);
        kernel delta = high > low ? 2 * clamp((bcm - low) / (high - low), 0, 1) - pressure : 0;
        survival = retain * survival + (delta > 0 ? delta + bonus : delta) * exp(-floor((epoch - begun) / cooling));
        drop synapse when survival < 0;
        if (not keep) { bcm = 0; }
    }
}

# --- for comparison: the smallest weights die, or weights at random
#   fraction    of the layer's synapses that are dead in the end
#   ramp        the part of the remaining run over which that is reached; 0: at once
rule magnitude(fraction = 0.5, ramp = 0.5) {
    state layer begun = progress;
    adapt {
        layer   share = ramped(fraction, begun, ramp);
        synapse low   = lowest(abs(w), share);
        drop synapse when low;
    }
}
rule random_drop(fraction = 0.5, ramp = 0.5) {
    state layer begun = progress;
    adapt {
        layer   share = ramped(fraction, begun, ramp);
        synapse luck  = random();
        synapse low   = lowest(alive ? luck : -1, share);
        drop synapse when low;
    }
}

# --- bounds, death and growth together, after the abstract of SD-SNN (arXiv 2211.12219); what it leaves open
# is chosen here. Bounds follow the weight, and what they span is its spine. Neurons of least density die,
# density being the spines of a neuron's synapses, from the narrowest to the widest of the layer as 0 to 1;
# dead synapses grow again where the gradient keeps asking for them.
#   fraction    of the neurons that goes in the end
#   cooling     adapts after which all but 1/e of them are gone
#   patience    adapts in a row at which the gradient must ask
#   share       it asks where it is larger than this share of the layer's
#   shrink      what falling weights multiply their bounds by
#   regrow      the part of the layer's synapses that may grow in one adapt, those longest asked for first
rule sdsnn(fraction = 0.3, cooling = 10, patience = 3, share = 0.9, shrink = 0.75, regrow = 0.01) {
    layer size = rms(w);
    state synapse upper = size, lower = -size, last = abs(w), pull = 0, asked = 0;
    observe { pull += demand; }
    adapt {
        if (w > upper) { upper = w; }
        if (w < lower) { lower = w; }
        if (abs(w) < last) { upper *= shrink; lower *= shrink; }
        last = abs(w);
        synapse width = alive ? upper - lower : 0;
        layer   narrow = min(alive ? width : 1e30), wide = max(width);
        neuron  density = sum(alive and wide > narrow ? (width - narrow) / (wide - narrow) : 0);
        neuron  poor = lowest(density, fraction * (1 - exp(-(period + 1) / cooling)));
        layer   hot = quantile(abs(pull), share);
        asked = not alive and abs(pull) > hot ? asked + 1 : 0;
        synapse first = lowest(-asked, regrow);
        grow synapse when first and asked >= patience;
        drop neuron when poor;
        pull = 0;
    }
}
