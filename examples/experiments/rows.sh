# Rows: one training run each. What `rows` of an experiment calls, and what trains them.
# A row's file holds, as JSON lines, what it was made by, then what the trainer logged. It gets its
# name when the run is over; as long as the recipe is the same, it is not made again.

# model NAME BASE [STATEMENTS]: $models/NAME.pl, the text of BASE with more statements at its end
model()
{
    {
        cat "$2" && printf '%s\n' "${3-}"
    } >"$models/$1.pl"
}

# row ID MODEL DATA PLASTC-OPTIONS TRAIN-OPTIONS: DATA is mnist, first:6000:mnist and so on. Of
# several, the net learns one after the other, --epochs each, and is tested on all so far.
row()
{
    # shellcheck disable=SC2254
    case $1 in ${ROWS:-*}) ;; *) return 0 ;; esac
    case $1 in *[!A-Za-z0-9._/+-]*) stop "$name: a row may not be called '$1'" ;; esac
    case " $5 " in *' --epochs '[0-9]*) ;; *) stop "$name: row $1 needs --epochs" ;; esac
    for row_set in $3; do
        [ -n "$SETS" ] || [ -d "$PLAST_DATA/${row_set##*:}" ] || stop "$name: row $1 needs $PLAST_DATA/${row_set##*:}"
    done
    row_train=$5
    [ -z "$QUICK" ] || row_train="$5 --epochs 1"
    # What is checked and folded is what is compiled: comments do not make another row
    # shellcheck disable=SC2086
    row_dump=$("$PLASTC" $4 --dump=check "$2") || stop "$name: row $1: plastc refuses $2"
    row_key=$(printf '%s\n' "$row_dump" | cksum | tr ' ' '-')
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:- }" "$row_train" "$row_key" >>"$work/list"
}
each_seed() # each_seed CASE MODEL DATA PLASTC-OPTIONS TRAIN-OPTIONS: the rows CASE/1, CASE/2, CASE/3
{
    for seed in $seeds; do
        row "$1/$seed" "$2" "$3" "$4" "$5 --seed $seed"
    done
}

# The words mnist and fashion-mnist of DATA become what the trainer reads; SETS stands in for both
data_spec()
{
    case $1 in *:*) spec_way=${1%:*}: ;; *) spec_way= ;; esac
    [ -z "$QUICK" ] || spec_way=first:500:$spec_way
    echo "$spec_way${SETS:-idx:$PLAST_DATA/${1##*:}}"
}

# What stands in the first line of a row's file
recipe()
{
    printf '{"row": "%s", "model": "%s", "data": "%s", "plastc": "%s", "train": "%s", "machine": "%s"}\n' \
        "$id" "$key" "$data${SETS:+ as $SETS}${QUICK:+, 500 samples}" "$options" "$train" "$machine"
}
machine=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | sed -n '1s/["\\]//g;1p')
: "${machine:=$(uname -m)}"
# A row from another machine is as good, but for its time
same_recipe() { [ -f "$1" ] && [ "$(sed -n '1s/, "machine".*//p' "$1")" = "$(recipe | sed 's/, "machine".*//')" ]; }

tab=$(printf '\t')
each_row() # each_row LIST COMMAND: called with the row's fields in variables
{
    while IFS=$tab read -r id model data options train key <&3; do
        "$2" || return
    done 3<"$work/$1"
}
# What is to be trained is settled before anything is
find_pending() { each_row list print_pending >"$work/pending"; }
print_pending()
{
    same_recipe "$work/rows/$id.jsonl" ||
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$id" "$model" "$data" "$options" "$train" "$key"
}

compile_one()
{
    program=$work/programs/$key
    # One that an older plastc or library made is made again
    [ -x "$program" ] && [ -z "$(find "$PLASTC" "${PLAST_MODEL_LIBS%% *}" -newer "$program")" ] && return
    say "$name: compiling for $id"
    # shellcheck disable=SC2086
    "$PLASTC" $options "$model" -o "$program.c" &&
        $CC $PLAST_MODEL_CFLAGS "$program.c" -o "$program.new" $PLAST_MODEL_LIBS &&
        mv -f "$program.new" "$program"
}
compile_programs()
{
    [ -z "$(cut -f 1 "$work/list" | sort | uniq -d)" ] || stop "$name: two rows of one name"
    find_pending && each_row pending compile_one
}

# learn LOG: the row's run, task by task. A trainer that gives up because the loss became infinite
# (status 4) has a result too.
learn()
{
    epochs=$(printf '%s\n' "$train" | sed 's/.*--epochs \([0-9]*\).*/\1/')
    checkpoint=$1.safetensors task=0
    for set in $data; do
        task=$((task + 1))
        resume=
        [ $task -eq 1 ] || resume="--resume $checkpoint"
        [ "$data" = "$set" ] || resume="$resume --save $checkpoint"
        rm -f "$1.epochs"
        # shellcheck disable=SC2086
        "$work/programs/$key" train --quiet --threads 1 --data "$(data_spec "$set")" --log "$1.epochs" \
            $train --epochs $((task * epochs)) $resume &
        trainer=$!
        wait $trainer
        status=$?
        if [ $status -eq 4 ]; then
            echo '{"diverged": true}' >>"$1.log" || return 1
        fi
        [ $status -eq 0 ] || return $status
        cat "$1.epochs" >>"$1.log" || return 1
        [ "$data" = "$set" ] || recall "$1" || return
    done
}
recall() # what is left of each task so far: first:N: is of the images that it is trained on
{
    earlier=0
    for set in $data; do
        earlier=$((earlier + 1))
        [ $earlier -le $task ] || return 0
        "$work/programs/$key" eval --quiet --threads 1 --load "$checkpoint" \
            --data "$(data_spec "$set" | sed 's/first:[0-9]*://g')" >"$1.eval" || return
        sed -n "s/^accuracy \([0-9.e-]*\).*/{\"after\": $task, \"task\": $earlier, \"accuracy\": \1}/p" \
            "$1.eval" >>"$1.log" || return 1
    done
}

train_one()
{
    count=$((count + 1))
    [ $((count % JOBS)) -eq "$worker" ] || return 0
    say "$name: $id"
    made=$work/rows/$id
    mkdir -p "${made%/*}" && recipe >"$made.log" || return
    learn "$made"
    case $? in
    0 | 4) mv -f "$made.log" "$made.jsonl" ;;
    *) say "$name: row $id failed" && false ;;
    esac || return
    rm -f "$made.epochs" "$made.eval" "$made.safetensors"
}

# Worker k trains each JOBS-th row, from the k-th. A signal ends the shell that it reached, the
# workers, and the trainers that they wait for.
work_off()
{
    count=0 trainer=
    trap 'kill $trainer 2>/dev/null; exit 143' TERM
    each_row pending train_one
}
train_rows()
{
    worker=0 workers=
    trap 'kill $workers 2>/dev/null; wait; exit 130' INT
    trap 'kill $workers 2>/dev/null; wait; exit 143' TERM
    while [ $worker -lt "$JOBS" ]; do
        work_off &
        workers="$workers $!"
        worker=$((worker + 1))
    done
    trained=0
    for process in $workers; do
        wait "$process" || trained=1
    done
    trap - INT TERM
    return $trained
}
