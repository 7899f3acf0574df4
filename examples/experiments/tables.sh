# Tables and plots: what `report` of an experiment calls. It prints the Markdown of its part on
# standard output; a case is what its seeds have in common, a row's name without the last word.

columns='row epochs accuracy kept train_accuracy loss live live_neurons form ms_per_step ms_at_end'

summarise_rows() # work/rows.tsv, in the order of the list
{
    while IFS=$tab read -r id rest; do
        awk -v id="$id" -f "$here/row.awk" "$work/rows/$id.jsonl" || return
    done <"$work/list" >"$work/rows.tsv"
    {
        echo "$columns" | tr ' ' ','
        tr '\t' ',' <"$work/rows.tsv"
    } >"$RESULTS/results/$name.csv"
}

# of CASE COLUMN: its values, one for each seed
of()
{
    awk -F '\t' -v wanted="$1" -v want="$2" -v columns="$columns" '
        BEGIN { n = split(columns, name, " "); for (i = 1; i <= n; i++) at[name[i]] = i }
        { row = $1; sub(/\/[^\/]*$/, "", row) }
        row == wanted { print $at[want]; found = 1 }
        END { exit !found }' "$work/rows.tsv" || stop "$name: report asks for $1, which has no rows"
}
# Numbers, one a line -> mean and standard deviation (of the sample; 0 for one)
moments()
{
    awk '{ v[NR] = $1; sum += $1; if ($1 == "nan") bad = 1 }
        END {
            if (bad) { print "nan nan"; exit }
            mean = sum / NR
            for (i = 1; i <= NR; i++) square += (v[i] - mean) ^ 2
            printf "%.9g %.9g\n", mean, (NR > 1 ? sqrt(square / (NR - 1)) : 0)
        }'
}
mean() { of "$1" "$2" | moments | cut -d ' ' -f 1; } # mean CASE COLUMN

# cell CASE COLUMN [SCALE [FORMAT]]: mean ± spread
cell() { of "$1" "$2" | moments | spread "${3:-1}" "${4:-%.2f}"; }
spread() # "MEAN DEVIATION" -> mean ± deviation
{
    awk -v scale="$1" -v format="$2" '{
        if ($1 == "nan") print "diverged"
        else printf format " ± " format "\n", scale * $1, scale * $2 }'
}
percent() { cell "$1" "${2:-accuracy}" 100; } # percent CASE [COLUMN]

# removed CASE "h1=235200 h2=30000": the share of these synapses that died, for each seed
removed()
{
    of "$1" live | awk -v of="$2" '
        BEGIN { n = split(of, part, " ") }
        {
            dead = all = 0
            for (i = 1; i <= n; i++) {
                split(part[i], layer, "=")
                for (j = 1; j <= NF; j++) {
                    split($j, live, "=")
                    if (live[1] == layer[1]) { dead += layer[2] * (1 - live[2]); all += layer[2] }
                }
            }
            print (all ? dead / all : "nan")
        }'
}

# epochs_to CASE LEVEL: epochs to a test accuracy, for each seed; nan where it was not reached
epochs_to()
{
    for to_file in "$work/rows/$1"/*.jsonl; do
        awk -v level="$2" '
            /"epoch":/ { epochs++ }
            /"epoch":/ && match($0, /"test_accuracy": *[0-9.e-]+/) && !reached {
                got = substr($0, RSTART, RLENGTH); sub(/.*: */, "", got)
                if (got + 0 >= level + 0) reached = epochs
            }
            END { print (reached ? reached : "nan") }' "$to_file"
    done
}
reach() # reach CASE LEVEL: the same for a table: mean ± spread, or how many got there
{
    epochs_to "$1" "$2" | awk '{ v[NR] = $1; if ($1 != "nan") { n++; sum += $1 } }
        END {
            if (n < NR) { printf "%d of %d\n", n, NR; exit }
            for (i = 1; i <= n; i++) square += (v[i] - sum / n) ^ 2
            printf "%.1f ± %.1f\n", sum / n, (n > 1 ? sqrt(square / (n - 1)) : 0)
        }'
}

# gain CASE OTHER [COLUMN]: "DIFFERENCE ERROR", of the means and its standard error
gain()
{
    {
        of "$1" "${3:-accuracy}" | moments
        of "$2" "${3:-accuracy}" | moments
    } | awk -v n="$(of "$1" row | wc -l)" '{ mean[NR] = $1; square += $2 ^ 2 / n; if ($1 == "nan") bad = 1 }
        END { if (bad) print "nan nan"; else printf "%.9g %.9g\n", mean[1] - mean[2], sqrt(square) }'
}
# versus CASE OTHER: in words. Less than two standard errors is called no difference.
versus()
{
    gain "$1" "$2" "${3:-accuracy}" | awk '{
        if ($1 == "nan") print "no comparison: one diverged"
        else if ($1 > 2 * $2 && $1 > 0) printf "%.2f points higher\n", 100 * $1
        else if (-$1 > 2 * $2 && $1 < 0) printf "%.2f points lower\n", -100 * $1
        else printf "no different (%+.2f points)\n", 100 * $1 }'
}
higher() { case $(versus "$@") in *higher) ;; *) return 1 ;; esac; } # higher CASE OTHER: beyond doubt

# plot NAME TITLE X-AXIS Y-AXIS: results/NAME.svg and a line that shows it, from lines
# "SERIES<tab>X<tab>Y[<tab>SPREAD]"; series come in the order of their first points
plot()
{
    awk -v title="$2" -v xlabel="$3" -v ylabel="$4" -f "$here/plot.awk" >"$RESULTS/results/$1.svg" &&
        printf '![%s](results/%s.svg)\n' "$2" "$1"
}
# point SERIES X CASE [COLUMN]: a point in percent
point() { printf '%s\t%s\t%s\n' "$1" "$2" "$(of "$3" "${4:-accuracy}" | moments | awk '{ if ($1 != "nan") printf "%.6g\t%.6g", 100 * $1, 100 * $2 }')"; }
# curve SERIES CASE: test accuracy, epoch after epoch, mean and spread over the seeds
curve()
{
    awk -v series="$1" '
        FNR == 1 { epoch = 0 }
        /"epoch":/ { if (++epoch > last) last = epoch }
        /"epoch":/ && match($0, /"test_accuracy": *[0-9.e-]+/) {
            got = substr($0, RSTART, RLENGTH); sub(/.*: */, "", got)
            n[epoch]++; sum[epoch] += 100 * got; square[epoch] += (100 * got) ^ 2
        }
        END {
            for (i = 1; i <= last; i++) if (n[i]) {
                rest = square[i] - sum[i] ^ 2 / n[i]
                printf "%s\t%d\t%.6g\t%.6g\n", series, i, sum[i] / n[i], (n[i] > 1 && rest > 0 ? sqrt(rest / (n[i] - 1)) : 0)
            }
        }' "$work/rows/$2"/*.jsonl
}

# The experiment's part of the page: its report under the command that makes it again
write_part()
{
    {
        echo "<!-- begin $name -->"
        (. "$source/report") || exit
        printf '\nEach training run: [results/%s.csv](results/%s.csv). Time per step is of one thread of: %s.\n' \
            "$name" "$name" "$(sed -n '1s/.*"machine": "\(.*\)"}/\1/p' "$work"/rows/*.jsonl "$work"/rows/*/*.jsonl \
                "$work"/rows/*/*/*.jsonl "$work"/rows/*/*/*/*.jsonl 2>/dev/null | sort -u | tr '\n' ';' | sed 's/;$//')"
        echo "<!-- end $name -->"
    } >"$work/part.md"
}
command_line() # for above a table
{
    printf '    make reproduce ONLY=%s PLAST_DATA=DIRECTORY\n' "$name"
}

# doc/results.md: the parts that are there; those of experiments that were not run now stay as they are
write_page()
{
    page=$RESULTS/results.md
    {
        cat "$here/head.md"
        while read -r name; do
            [ -d "$EXPERIMENTS/$name" ] || continue
            echo
            if [ -f "$WORK/$name/part.md" ]; then
                cat "$WORK/$name/part.md"
            elif [ -f "$page" ]; then
                sed -n "/^<!-- begin $name -->/,/^<!-- end $name -->/p" "$page"
            fi
        done <"$EXPERIMENTS/list"
    } >"$page.new" && mv -f "$page.new" "$page"
}
