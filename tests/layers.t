#!/bin/sh
# The arrows of the house: who includes whom, what is exported, what may change at run time.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

none() # none TEXT NAME: there is nothing to complain about
{
    test -z "$1"
    result $? "$2" "$1"
}

# "file: included" for each quoted include of a room, one a line
includes()
{
    grep -E '^[ 	]*#[ 	]*include[ 	]*["<]' "$@" /dev/null |
        sed 's/^\([^:]*\):.*include[ 	]*\(["<][^">]*[">]\).*/\1: \2/'
}

# Quoted includes of the room $1 that are found neither in it, nor in the rooms that follow, nor
# among the files that are built
strangers()
{
    room=$1
    includes "$top_srcdir/$room"/*.[chly] | sed -n 's/^\(.*\): "\(.*\)"$/\1 \2/p' |
        while read -r file included; do
            case $included in
            config.h | parse.h | prelude.inc) continue ;;
            esac
            for in in "$@"; do
                test -f "$top_srcdir/$in/$included" && continue 2
            done
            echo "$file includes $included"
        done
}

test -n "$(includes "$top_srcdir"/dsl/*.[chly])"
result $? 'there are includes to look at'
none "$(strangers dsl)" 'dsl includes only dsl'
none "$(strangers codegen dsl)" 'codegen includes only codegen and dsl'
none "$(strangers runtime)" 'runtime includes only runtime'
none "$(ls "$top_srcdir"/dsl/*.h "$top_srcdir"/codegen/*.h "$top_srcdir"/runtime/*.h 2>/dev/null |
    sed 's,.*/,,' | sort | uniq -d)" 'no header has a namesake in another room'
none "$(includes "$top_srcdir"/dsl/*.[chly] "$top_srcdir"/codegen/*.[ch] | grep -E '<(plast|omp)')" \
    'the compiler includes neither plast.h nor omp.h'

# --- what the makefile forgets is missing from the tarball
none "$(for file in "$top_srcdir"/dsl/*.[chly] "$top_srcdir"/codegen/*.[ch] "$top_srcdir"/runtime/*.[ch] \
    "$top_srcdir"/tests/*.[ch] "$top_srcdir"/tests/*.t; do
    file=${file#"$top_srcdir"/}
    case $file in
    dsl/scan.c | dsl/parse.[ch] | tests/*_test.t | tests/fuzz_*.t) continue ;;
    esac
    grep -q "[ 	]$file" "$top_srcdir/Makefile.am" || echo "$file"
done)" 'every source is listed in Makefile.am'

# --- generated C
if "$PLASTC" "$top_srcdir/examples/quick.pl" -o "$scratch/quick.c" &&
    test -s "$scratch/quick.c"; then
    others=$(includes "$scratch/quick.c" | sed 's/.*: //' |
        grep -v -E '^<(plast_kernels|math|stdint|stddef|string|omp|[xie]mmintrin)\.h>$')
    none "$others" 'generated C includes plast_kernels.h and headers of the compiler'
else
    result 1 'generated C includes plast_kernels.h and headers of the compiler' 'quick.pl did not compile'
fi

# --- what changes at run time: sections, not letters, because tables of pointers to constants
# stand in .data.rel.ro of position-independent code
if [ "$PLAST_SANITIZERS" = 1 ]; then
    skip 'no mutable data in dsl and codegen' 'sanitizers add their own'
elif ! $NM -f sysv "$top_builddir/libdsl.a" >"$scratch/dsl.nm" 2>/dev/null ||
    ! grep -q '\.text' "$scratch/dsl.nm"; then
    skip 'no mutable data in dsl and codegen' "$NM prints no sections"
else
    $NM -f sysv "$top_builddir/libcodegen.a" "$top_builddir"/codegen/main.o >>"$scratch/dsl.nm"
    none "$(awk -F'|' '
        { section = $NF; gsub(/ /, "", section) }
        section ~ /^\.(data|bss|tdata|tbss)/ && section !~ /^\.data\.rel\.ro/ { print $1, section }
        section ~ /COM/ { print $1, section }' "$scratch/dsl.nm")" \
        'no mutable data in dsl and codegen'
fi

# --- the library
awk '/^(static|typedef|struct|enum|#)/ { next }
     /^[a-z].*plast_[a-z0-9_]+\(/ { match($0, /plast_[a-z0-9_]+\(/); print substr($0, RSTART, RLENGTH - 1) }' \
    "$top_srcdir/runtime/plast.h" | sort >"$scratch/declared"
problem=$(diff "$scratch/declared" "$top_srcdir/runtime/plast.sym")
test -s "$scratch/declared" && test -z "$problem"
result $? 'plast.sym lists what plast.h declares' "$problem"
if [ -f "$top_builddir/.libs/libplast.so" ]; then
    $NM -D --defined-only "$top_builddir/.libs/libplast.so" | sed 's/.* //' |
        grep -v -E '^_|^[a-zA-Z]*@' | sort >"$scratch/exported"
    problem=$(diff "$scratch/declared" "$scratch/exported")
    none "$problem" 'libplast.so exports what plast.h declares'
else
    skip 'libplast.so exports what plast.h declares' 'no shared library was built'
fi
$NM -g "$top_builddir/.libs/libruntime.a" >"$scratch/runtime.nm" 2>/dev/null
test "$(grep -c ' T ' "$scratch/runtime.nm")" -gt 20
result $? 'the library has symbols to look at'
none "$(awk 'NF == 3 && $2 ~ /[A-TV-Z]/ && $3 !~ /^_?plast_/ && $3 !~ /^__/ { print $3 }' \
    "$scratch/runtime.nm")" 'what the library defines begins with plast_'
none "$(grep -E ' U _*(GOMP|omp|kmpc)_' "$scratch/runtime.nm")" 'the library knows no OpenMP'

finish
