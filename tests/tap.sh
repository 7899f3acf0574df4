# What shell tests share; they begin with `. "$top_srcdir/tests/tap.sh"` and end with `finish`.
# Leaves a directory of their own in $scratch.
set -u
: "${top_builddir:=.}" "${CC:=cc}" "${NM:=nm}" "${PLAST_LONG:=0}" "${PLAST_SANITIZERS:=0}"
: "${PLASTC:=$top_builddir/plastc}"
: "${PLAST_MODEL_CFLAGS:=-O2 -I$top_srcdir/runtime -fopenmp}"
: "${PLAST_MODEL_LIBS:=$top_builddir/.libs/libruntime.a -lz -lm}"

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

number=0
result() # result STATUS NAME [DETAILS]
{
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        test -z "${3-}" || printf '%s\n' "$3" | sed 's/^/# /'
    fi
}
skip() # skip NAME REASON
{
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}
try() # try NAME COMMAND...: one test; what the command says is shown where it fails
{
    tried=$1
    shift
    "$@" >"$scratch/log" 2>&1
    set -- $?
    result "$1" "$tried" "status $1
$(tail -n 20 "$scratch/log")"
    return "$1"
}
fails_with() # fails_with STATUS COMMAND...
{
    want=$1
    shift
    "$@"
    test $? -eq "$want"
}
# says STATUS PATTERN COMMAND...: ends with the status and says that on standard error, kept in the
# file says.err here; what it prints, in says.out
says()
{
    says_status=$1 says_pattern=$2
    shift 2
    "$@" >says.out 2>says.err
    set -- $?
    cat says.err
    test "$1" -eq "$says_status" && grep -q -e "$says_pattern" says.err
}
# build MODEL.pl PROGRAM [FLAGS...]: a trainer; FLAGS come after those of the build
build()
{
    build_model=$1 build_program=$2
    shift 2
    "$PLASTC" "$build_model" -o "$build_program.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS "$@" "$build_program.c" -o "$build_program" $PLAST_MODEL_LIBS
}
finish()
{
    echo "1..$number"
    exit 0
}
