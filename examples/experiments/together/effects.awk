# Rows of all 2^4 cases -> the main effect of each method: the mean of the eight nets that have it less
# that of the eight that do not, of each seed; mean and standard deviation of the seeds, as one table.
# With `verdict` set to a method: what it did to accuracy, in words. With `levels` set: points for a plot,
# the mean accuracy of the eight nets without a method, at 0, and with it, at 1.
BEGIN {
    FS = "\t"
    methods = split("grapes spine unused dpap", method, " ")
    size["h1"] = 235200; size["h2"] = 30000
}
function removed(live,    part, parts, layer, dead, i) {
    parts = split(live, part, " ")
    for (i = 1; i <= parts; i++) {
        split(part[i], layer, "=")
        dead += size[layer[1]] * (1 - layer[2])
    }
    return dead / (size["h1"] + size["h2"])
}
{
    cut = index($1, "/")
    on = "+" substr($1, 1, cut - 1) "+"
    seed = substr($1, cut + 1)
    if (!(seed in number)) number[seed] = ++seeds
    if ($3 == "nan") diverged = 1
    for (m = 1; m <= methods; m++) {
        sign = index(on, "+" method[m] "+") ? 1 : -1
        effect[m, number[seed], sign > 0 ? "on" : "off"] += 100 * $3 / 8
        effect[m, number[seed], 1] += sign * 100 * $3 / 8
        effect[m, number[seed], 2] += sign * 100 * removed($7) / 8
        effect[m, number[seed], 3] += sign * $10 / 8
        effect[m, number[seed], 4] += sign * $11 / 8
    }
}
function gather(m, k,    s, square) {
    mean = square = 0
    for (s = 1; s <= seeds; s++) mean += effect[m, s, k] / seeds
    for (s = 1; s <= seeds; s++) square += (effect[m, s, k] - mean) ^ 2
    deviation = seeds > 1 ? sqrt(square / (seeds - 1)) : 0
}
END {
    if (levels) {
        for (m = 1; m <= methods && !diverged; m++)
            for (on = 0; on <= 1; on++) {
                gather(m, on ? "on" : "off")
                printf "%s\t%d\t%.6g\t%.6g\n", method[m], on, mean, deviation
            }
        exit
    }
    if (diverged) { print verdict ? "not known, as a net diverged" : "A net diverged: there are no main effects."; exit }
    if (verdict) {
        for (m = 1; m <= methods && method[m] != verdict; m++) ;
        gather(m, 1)
        error = 2 * deviation / sqrt(seeds)
        if (mean > error && mean > 0) printf "%.2f points more accurate\n", mean
        else if (-mean > error && mean < 0) printf "%.2f points less accurate\n", -mean
        else printf "no different in accuracy (%+.2f points)\n", mean
        exit
    }
    for (m = 1; m <= methods; m++) {
        printf "| %s |", method[m]
        for (k = 1; k <= 4; k++) {
            gather(m, k)
            format = k == 2 ? " %+.1f ± %.1f |" : " %+.2f ± %.2f |"
            printf format, mean, deviation
        }
        print ""
    }
}
