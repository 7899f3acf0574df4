# Deployed C has a path for AVX-512, one for AVX2 and one for any processor; what makes a compiler
# take each, and what keeps it from being run here.
avx512='-mavx512f -mavx512bw -mavx512vl -mavx512vbmi2 -mavx512vnni -mavx2 -mfma'
avx2='-mavx2 -mfma -mno-avx512f'

lacking() # lacking COMPILER FLAGS FEATURE...: why what is compiled with them does not run here
{
    lacking_compiler=$1 lacking_flags=$2
    shift 2
    {
        echo 'int main(void) {'
        for feature; do echo "if (!__builtin_cpu_supports(\"$feature\")) return 1;"; done
        echo 'return 0; }'
    } >lacking.c
    # shellcheck disable=SC2086
    if ! $lacking_compiler $lacking_flags lacking.c -o lacking >/dev/null 2>&1; then
        echo "$lacking_compiler has no $lacking_flags for this machine"
    elif ! ./lacking; then
        echo "this processor has not all of: $*"
    fi
}
lacking_avx512() { lacking "$1" "$avx512" avx512f avx512bw avx512vl avx512vbmi2 avx512vnni; }
lacking_avx2() { lacking "$1" "$avx2" avx2 fma; }
# takes LANES COMPILER FLAGS FILE.c: that path, and no other
takes()
{
    # shellcheck disable=SC2086
    $2 $3 -std=c99 -ffreestanding -dM -E "$4" | grep -q "_LANES $1\$"
}
