# One row's file -> one line of the summary; see `columns` in tables.sh. `kept` is the accuracy over
# all tasks after the last; times are medians over the epochs, and over the last three.
function field(key,    text) {
    if (!match($0, "\"" key "\": *[-+0-9.e]+"))
        return "nan"
    text = substr($0, RSTART, RLENGTH)
    sub(/.*: */, "", text)
    return text
}
function by_layer(key,    text) {
    if (!match($0, "\"" key "\": *[{][^}]*[}]"))
        return "-"
    text = substr($0, RSTART, RLENGTH)
    sub(/^[^{]*[{]/, "", text)
    gsub(/["}]/, "", text)
    gsub(/: */, "=", text)
    gsub(/, */, " ", text)
    return text
}
function median(from, to,    i, j, v, n, sorted) {
    for (i = from; i <= to; i++) {
        v = time[i]
        for (j = n++; j > 0 && sorted[j] > v; j--)
            sorted[j + 1] = sorted[j]
        sorted[j + 1] = v
    }
    return n ? sorted[int((n + 1) / 2)] : "nan"
}
/"epoch":/ {
    epochs++
    accuracy = field("test_accuracy"); train = field("train_accuracy"); loss = field("loss")
    live = by_layer("live"); neurons = by_layer("live_neurons"); form = by_layer("form")
    time[epochs] = field("ms_per_step") + 0
}
/"after":/ {
    after = field("after")
    if (after > last) { last = after; kept = tasks = 0 }
    kept += field("accuracy"); tasks++
}
/"diverged":/ { diverged = 1 }
END {
    if (diverged)
        accuracy = train = loss = kept = "nan"
    else
        kept = tasks ? kept / tasks : accuracy
    OFS = "\t"
    print id, epochs + 0, accuracy, kept, train, loss, live, neurons, form, median(1, epochs),
        median(epochs > 3 ? epochs - 2 : 1, epochs)
}
