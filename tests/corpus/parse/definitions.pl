function clamp(x, low, high) = min(max(x, low), high);
function pick(x) = x > 0 ? x : x == 0 ? 1 : -x;
neuron n(x, tau = 2) { learnable neuron a = 0; learnable b = 1; state u = 0, y = 0; u += (x - u) / tau; emit u; }
optimizer o(rate) { state v = 0; v = grad; w -= rate * v; w *= 2; w /= 3; }
rule r(low = 1) {
    layer size = rms(w);
    state synapse upper = size, lower = -size;
    state kernel k = 0; state neuron m = 0; state input i = 0; state layer l = 0;
    modulate { neuron s = sum(abs(w)); error *= s; }
    observe { i += batch_mean(abs(pre)); }
    adapt {
        if (w >= upper) { upper = w; } else { if (w <= lower) { lower = w; } }
        synapse low = lowest(w, 0.5);
        drop synapse when low; grow synapse when not low; drop neuron when m != 0;
    }
}
