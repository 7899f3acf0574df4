# Rows -> a table of the nets that DPAP pruned, of one `kind` (neurons or synapses), beside `others`. Each is
# compared, seed by seed, with what another rule keeps at the same removed share: between the two nearest of
# that rule's nets, or the dense one. With `words`: what that comes to.
BEGIN { FS = "\t"; others_count = split(others, other, " ") }
function removed(live,    part) {
    match(live, /h1=[-+0-9.e]+/)
    part = substr(live, RSTART + 3, RLENGTH - 3)
    return 1 - part
}
{
    seed = $1
    sub(/.*\//, "", seed)
    net = substr($1, 1, length($1) - length(seed) - 1)
    if (!(net in known)) { known[net] = 1; list[++nets] = net }
    if (seed > seeds) seeds = seed
    share[net, seed] = removed($7); accuracy[net, seed] = $3 == "nan" ? 0.1 : $3 + 0; time[net, seed] = $10
}
# Accuracy of `rule` at the share x of the seed's own nets
function at(rule, x, s,    i, low, high, weight) {
    low = high = "dense"
    for (i = 1; i <= nets; i++) {
        if (index(list[i], kind "/" rule "/") != 1) continue
        if (share[list[i], s] <= x && share[list[i], s] >= share[low, s]) low = list[i]
        if (share[list[i], s] >= x && (high == "dense" || share[list[i], s] < share[high, s])) high = list[i]
    }
    if (high == "dense") return "beyond"
    weight = share[high, s] > share[low, s] ? (x - share[low, s]) / (share[high, s] - share[low, s]) : 0
    return (1 - weight) * accuracy[low, s] + weight * accuracy[high, s]
}
function moments(v,    s, square) {
    mean = square = 0
    for (s = 1; s <= seeds; s++) mean += v[s] / seeds
    for (s = 1; s <= seeds; s++) square += (v[s] - mean) ^ 2
    deviation = seeds > 1 ? sqrt(square / (seeds - 1)) : 0
}
function cell(v, scale, format) {
    moments(v)
    return sprintf(" " format " ± " format " |", scale * mean, scale * deviation)
}
function gap(net, rule,    s, x, beyond) {
    for (s = 1; s <= seeds; s++) {
        x = at(rule, share[net, s], s)
        if (x == "beyond") beyond = 1
        v[s] = accuracy[net, s] - x
    }
    if (beyond) return " |"
    x = cell(v, 100, "%+.2f")
    judged[rule]++
    if (mean > 2 * deviation / sqrt(seeds) && mean > 0) better[rule]++
    if (-mean > 2 * deviation / sqrt(seeds) && mean < 0) worse[rule]++
    return x
}
END {
    for (i = 1; i <= nets; i++) {
        net = list[i]
        if (index(net, kind "/dpap/") != 1) continue
        split(substr(net, length(kind) + 7), way, "-")
        line = "| " way[1] " | " way[2] " |"
        for (s = 1; s <= seeds; s++) v[s] = share[net, s]
        line = line cell(v, 100, "%.1f")
        for (s = 1; s <= seeds; s++) v[s] = accuracy[net, s]
        line = line cell(v, 100, "%.2f")
        for (o = 1; o <= others_count; o++) line = line gap(net, other[o])
        for (s = 1; s <= seeds; s++) v[s] = time[net, s]
        line = line cell(v, 1, "%.2f")
        if (!words) print line
    }
    for (o = 1; words && o <= others_count; o++)
        printf "* than `%s`, more accurate in %d and less accurate in %d of %d;\n", other[o],
            better[other[o]], worse[other[o]], judged[other[o]]
}
