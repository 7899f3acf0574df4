#!/bin/sh
# Deployed nets elsewhere: the self-test of C99 that plastc --deploy wrote, float and int8, here, under
# QEMU on other processors, and on a board without an operating system; the examples that use such C.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/processors.sh"

board=$top_srcdir/examples/deploy-microcontroller
strict='-std=c99 -ffreestanding -Wall -Wextra -Werror -Wconversion'
cd "$scratch" || exit 99

# ------------------------------------------------------------------ two nets
make_nets() # float.c and int8.c, of one trained net
{
    build "$top_srcdir/tests/targets.pl" ./forms &&
        ./forms train --data first:1000:glyphs --threads 1 --quiet --save forms.st &&
        "$PLASTC" "$top_srcdir/tests/targets.pl" --deploy forms.st -o float.c --header --report=float.json &&
        "$PLASTC" "$top_srcdir/tests/targets.pl" --deploy forms.st -o int8.c --header \
            --int8 --data first:500:glyphs --report=int8.json
}
try 'a net is trained and deployed, float and int8' make_nets || finish
for form in dense csr8 csr16 bitmask; do
    try "it has a matrix stored as $form" grep -q "\"form\": \"$form\"" float.json
done
try 'and calls every function of the library that it may' sh -c '
    for name in exp log tanh sqrt; do grep -q "^float ${name}f(float);$" float.c || exit; done
    grep -q "^float powf(float, float);$" float.c'
try 'and its own' sh -c 'for name in sin cos floor abs min max; do grep -q "^static float forms_$name(" float.c || exit; done'

# The second of the expected outputs is another one: the self-test has to see it, and say which.
spoil() # spoil FROM.c TO.c
{
    awk 'wrong { sub(/, [^,]*,/, ", 9e9f,"); wrong = 0; changed = 1 } /^static const float test_out\[/ { wrong = 1 }
         { print } END { exit !changed }' "$1" >"$2"
}
try 'one can be spoiled' spoil float.c spoiled.c

# ------------------------------------------------------------------ on each target
compile() # compile NET PROGRAM: by $compiler for $cpu, linked with $link
{
    header=$1.h
    test "$1" = spoiled && header=float.h
    # shellcheck disable=SC2086
    $compiler $strict -O2 $cpu -DFORMS_SELFTEST -c "$1.c" -o "$2.o" &&
        $compiler -std=c99 -Wall -Wextra -Werror -O2 $cpu -DFORMS_SELFTEST "-DHEADER=\"$header\"" '-DNET(x)=forms_##x' \
            '-DUPPER(x)=FORMS_##x' -I. -c "$top_srcdir/tests/targets_main.c" -o "$2-main.o" &&
        $compiler $cpu "$2-main.o" "$2.o" $link -lm -o "$2"
}
good() # good NET: its self-test runs and finds nothing; a board may take long, and must not for ever
{
    # shellcheck disable=SC2086
    compile "$1" "$1-$target" && timeout 60 $run "./$1-$target"
}
sees_wrong()
{
    # shellcheck disable=SC2086
    compile spoiled "spoiled-$target" && fails_with 2 timeout 60 $run "./spoiled-$target"
}
on() # on TARGET COMPILER CPU-FLAGS LINK-FLAGS RUN-COMMAND REASON: all of one target, or why not
{
    target=$1 compiler=$2 cpu=$3 link=$4 run=$5
    for net in float int8; do
        if [ -n "$6" ]; then
            skip "$target: the self-test, $net" "$6"
        else
            try "$target: the self-test, $net" good "$net"
        fi
    done
    if [ -n "$6" ]; then
        skip "$target: a wrong output is seen" "$6"
    else
        try "$target: a wrong output is seen" sees_wrong
    fi
}
first_of() # first_of COMMAND...: the first that is here
{
    for first; do
        command -v "$first" >/dev/null && echo "$first" && return
    done
}
missing() # missing COMPILER LINK-FLAGS PACKAGES [QEMU PACKAGE]: what keeps a target from being tried
{
    if ! command -v "$1" >/dev/null; then
        echo "no $1: install $3"
    elif [ $# -gt 3 ] && ! command -v "$4" >/dev/null; then
        echo "no $4: install $5"
    else
        echo '#include <math.h>
int main(int argc, char **argv) { return expf((float)argc) < 0 || !argv; }' >try.c
        # shellcheck disable=SC2086
        $1 try.c $2 -lm -o try.out >/dev/null 2>&1 || echo "$1 does not link with $2 -lm: install $3"
    fi
}
elsewhere() # elsewhere TARGET TRIPLE PROCESSOR PACKAGES: static, under QEMU
{
    qemu=$(first_of "qemu-$3" "qemu-$3-static")
    qemu=${qemu:-qemu-$3}
    on "$1" "$2-gcc" '' -static "$qemu" "$(missing "$2-gcc" -static "$4" "$qemu" qemu-user)"
}
on gcc gcc '' '' '' "$(missing gcc '' gcc)"
clang=$(first_of clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
on clang "${clang:-clang}" '' '' '' "$(missing "${clang:-clang}" '' clang)"
vectors() # vectors COMPILER: the paths of x86-64 that begin with what __AVX512...__ and __AVX2__ say
{
    vectors_compiler=$1 vectors_reason=$(missing "$1" '' "$1")
    reason=${vectors_reason:-$(lacking_avx512 "$1")}
    on "$1, AVX-512" "$1" "$avx512" '' '' "$reason"
    path 16 "$avx512"
    reason=${vectors_reason:-$(lacking_avx2 "$1")}
    on "$1, AVX2" "$1" "$avx2" '' '' "$reason"
    path 8 "$avx2"
    reason=$vectors_reason
    path 1 ''
}
path() # path LANES FLAGS: which of them it is that these flags give
{
    for net in float int8; do
        if [ -n "$reason" ]; then
            skip "$vectors_compiler $2: the path of $1 lanes, $net" "$reason"
        else
            try "$vectors_compiler $2: the path of $1 lanes, $net" takes "$1" "$vectors_compiler" "$2" $net.c
        fi
    done
}
vectors gcc
vectors "${clang:-clang}"
elsewhere aarch64 aarch64-linux-gnu aarch64 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
elsewhere armhf arm-linux-gnueabihf arm 'gcc-arm-linux-gnueabihf libc6-dev-armhf-cross'
elsewhere 's390x (big-endian)' s390x-linux-gnu s390x 'gcc-s390x-linux-gnu libc6-dev-s390x-cross'

cortex='-mcpu=cortex-m3 -mthumb'
bare="-nostartfiles -T $board/mps2.ld startup.o semihost.o"
emulate='qemu-system-arm -M mps2-an385 -display none -monitor none -serial none -semihosting -kernel'
bare_packages='gcc-arm-none-eabi libnewlib-arm-none-eabi'
reason=$(missing arm-none-eabi-gcc --specs=nosys.specs "$bare_packages" qemu-system-arm qemu-system-arm)
if [ -z "$reason" ]; then
    for file in startup semihost; do
        try "Cortex-M3: $file.c compiles" arm-none-eabi-gcc $strict -O2 $cortex -c "$board/$file.c" -o "$file.o"
    done
fi
on Cortex-M3 arm-none-eabi-gcc "$cortex" "$bare" "$emulate" "$reason"

# ------------------------------------------------------------------ what the object asks for and takes
allowed='^(memcpy|memmove|memset|expf|logf|tanhf|powf|sqrtf)$'
symbols() # symbols NET FLAGS: nothing but the prefix is defined, and nothing else is undefined
{
    # shellcheck disable=SC2086
    gcc $strict -O2 $2 -DFORMS_SELFTEST -c "$1.c" -o symbols.o || return
    $NM -g symbols.o >symbols.txt || return
    cat symbols.txt
    awk '$(NF - 1) != "U" { print $NF }' symbols.txt | sort >defined
    awk '$(NF - 1) == "U" { print $NF }' symbols.txt | sort >undefined
    test "$(tr '\n' ' ' <defined)" = 'forms_predict forms_selftest ' && grep -q '^expf$' undefined &&
        test -z "$(grep -v -E "$allowed" undefined)"
}
# stack NET: less than 1,024 bytes in each function, and a size known in advance; where vectors are
# kept on it, but for what aligns it, which is bounded
stack()
{
    for flags in '' "$avx2" "$avx512"; do
        # shellcheck disable=SC2086
        gcc $strict -O2 $flags -DFORMS_SELFTEST -fstack-usage -c "$1.c" -o stack.o || return
        cat stack.su
        awk -F'\t' -v vectors="$flags" '$2 >= 1024 || $3 != "static" && !(vectors && $3 == "dynamic,bounded") { bad = 1 }
            /forms_predict/ { seen = 1 } END { exit bad || !seen }' stack.su || return
    done
}
for net in float int8; do
    if [ "$(uname -m)" != x86_64 ] || ! command -v gcc >/dev/null; then
        skip "$net: its symbols" 'not x86-64 with gcc'
        skip "$net: stack" 'not x86-64 with gcc'
    else
        try "$net: its symbols" symbols "$net" ''
        try "$net: its symbols, AVX2" symbols "$net" "$avx2"
        try "$net: its symbols, AVX-512" symbols "$net" "$avx512"
        try "$net: stack" stack "$net"
    fi
done

# ------------------------------------------------------------------ the examples
cp -R "$top_srcdir/examples/embed-in-c" "$board" .
chmod -R u+w embed-in-c deploy-microcontroller
use() # use EXAMPLE TARGET [VARIABLE=VALUE...]: its makefile with what was built here
{
    use_example=$1 use_target=$2
    shift 2
    (unset MAKEFLAGS MFLAGS MAKELEVEL
        cd "$use_example" && make PLASTC="$PLASTC" CC="$CC" OPENMP= PLAST_CFLAGS="$PLAST_MODEL_CFLAGS" \
            PLAST_LIBS="$PLAST_MODEL_LIBS" "$@" "$use_target")
}
try 'embed-in-c: make' use embed-in-c all CFLAGS='-O2 -Wall -Wextra -Werror'
knows() # knows DIGIT FILE
{
    ./embed-in-c/classify "$2" >knows.out && cat knows.out && test "$(cat knows.out)" = "$2: $1"
}
try 'embed-in-c: a grey picture of a seven' knows 7 embed-in-c/seven.pgm
try 'embed-in-c: a two drawn in characters' knows 2 embed-in-c/two.txt
{
    printf 'P5\n28 28 255\n'
    awk 'BEGIN { for (y = 0; y < 28; y++) for (x = 0; x < 28; x++)
        printf "%s", (x > 12 && x < 16 && y > 3 && y < 24 ? "z" : " ") }'
} >one.pgm
try 'embed-in-c: a one in bytes' knows 1 one.pgm
printf 'P5\n28 28 255\n' >cut.pgm
try 'embed-in-c: a picture cut short is refused' fails_with 1 ./embed-in-c/classify cut.pgm
try 'embed-in-c: an empty picture is refused' fails_with 1 ./embed-in-c/classify /dev/null
if [ -n "$reason" ]; then
    skip 'deploy-microcontroller: make' "$reason"
    skip 'deploy-microcontroller: make run' "$reason"
else
    firmware() { use deploy-microcontroller all CFLAGS='-Os -Wall -Wextra -Werror'; }
    runs()
    {
        use deploy-microcontroller run QEMU='timeout 60 qemu-system-arm' >run.out 2>&1
        set -- $?
        cat run.out
        test "$1" -eq 0 && grep -q '^self-test: good$' run.out && grep -q '^instructions: about [1-9][0-9]*$' run.out
    }
    try 'deploy-microcontroller: make' firmware
    try 'deploy-microcontroller: make run' runs
fi
finish
