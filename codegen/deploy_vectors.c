/* The products of a deployed net's C with AVX-512 or AVX2. The sums of up to twelve vectors of rows
 * stay in registers while all columns of inputs that are not silent go by; weights, which stand
 * side by side, are moved to their rows and zeros put between them. */
#include "deploy_print.h"

#include <string.h>

enum { MOST = 12 }; /* vectors: AVX2 has 16 registers */

/* Text with @ for the net's name and ^ for that in capitals. */
static void add_template(struct printer *p, const char *template)
{
    for (const char *at = template; *at;) {
        size_t n = strcspn(at, "@^");
        text_add_bytes(&p->functions, at, n);
        if (at[n])
            text_add(&p->functions, at[n] == '@' ? p->net : p->upper);
        at += n + (at[n] != '\0');
    }
}

/* Vectors of 16 floats. The compilers' own way to have zeros between the weights waits for what the
 * register held before; into a register of zeros that they do not know to be zeros it does not. */
static const char float_16[] =
    "#define ^_LANES 16\n"
    "typedef __m512 @_vector, @_zeros;\n"
    "^_INLINE __mmask16 @_first(size_t n)\n{\n"
    "    return n < 16 ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;\n}\n"
    "^_INLINE @_vector @_load(const float *y, size_t n)\n{\n"
    "    return _mm512_maskz_loadu_ps(@_first(n), y);\n}\n"
    "^_INLINE void @_store(float *y, size_t n, @_vector sums)\n{\n"
    "    _mm512_mask_storeu_ps(y, @_first(n), sums);\n}\n"
    "^_INLINE @_vector @_same(float v)\n{\n    return _mm512_set1_ps(v);\n}\n"
    "^_INLINE @_zeros @_zero(void)\n{\n"
    "    @_zeros zero = _mm512_setzero_ps();\n"
    "    __asm__(\"\" : \"+v\"(zero));\n    return zero;\n}\n"
    "^_INLINE unsigned @_mask(const uint8_t *bits)\n{\n"
    "    return (unsigned)bits[0] | (unsigned)bits[1] << 8;\n}\n"
    "^_INLINE @_vector @_sparse(@_vector sums, @_vector v, unsigned mask, const float *w, "
    "@_zeros zero)\n{\n"
    "    return _mm512_fmadd_ps(_mm512_mask_expand_ps(zero, (__mmask16)mask, _mm512_loadu_ps(w)), "
    "v, sums);\n}\n"
    "^_INLINE @_vector @_dense(@_vector sums, @_vector v, const float *w)\n{\n"
    "    return _mm512_fmadd_ps(_mm512_loadu_ps(w), v, sums);\n}\n"
    "^_INLINE uint64_t @_lit(const float *x, size_t n)\n{\n"
    "    uint64_t lit = 0;\n"
    "    for (size_t i = 0; i < n && i < 64; i += 16) {\n"
    "        lit |= (uint64_t)_mm512_cmp_ps_mask(@_load(x + i, n - i), _mm512_setzero_ps(), "
    "_CMP_NEQ_UQ) << i;\n"
    "    }\n    return lit;\n}\n";

static const char float_8[] =
    "#define ^_LANES 8\n"
    "typedef __m256 @_vector, @_zeros;\n"
    "^_INLINE __m256i @_first(size_t n)\n{\n"
    "    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < 8 ? (int)n : 8), "
    "_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));\n}\n"
    "^_INLINE @_vector @_load(const float *y, size_t n)\n{\n"
    "    return _mm256_maskload_ps(y, @_first(n));\n}\n"
    "^_INLINE void @_store(float *y, size_t n, @_vector sums)\n{\n"
    "    _mm256_maskstore_ps(y, @_first(n), sums);\n}\n"
    "^_INLINE @_vector @_same(float v)\n{\n    return _mm256_set1_ps(v);\n}\n"
    "^_INLINE @_zeros @_zero(void)\n{\n    return _mm256_setzero_ps();\n}\n"
    "^_INLINE unsigned @_mask(const uint8_t *bits)\n{\n    return bits[0];\n}\n"
    "^_INLINE @_vector @_sparse(@_vector sums, @_vector v, unsigned mask, const float *w, "
    "@_zeros zero)\n{\n"
    "    const __m256i to = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(@_spread + 8 * "
    "mask)));\n"
    "    const __m256 moved = _mm256_permutevar8x32_ps(_mm256_loadu_ps(w), to);\n"
    "    return _mm256_fmadd_ps(_mm256_blendv_ps(moved, zero, _mm256_castsi256_ps(to)), v, "
    "sums);\n}\n"
    "^_INLINE @_vector @_dense(@_vector sums, @_vector v, const float *w)\n{\n"
    "    return _mm256_fmadd_ps(_mm256_loadu_ps(w), v, sums);\n}\n"
    "^_INLINE uint64_t @_lit(const float *x, size_t n)\n{\n"
    "    uint64_t lit = 0;\n"
    "    for (size_t i = 0; i < n && i < 64; i += 8) {\n"
    "        const __m256 some = _mm256_cmp_ps(n - i < 8 ? @_load(x + i, n - i) : "
    "_mm256_loadu_ps(x + i), _mm256_setzero_ps(), _CMP_NEQ_UQ);\n"
    "        lit |= (uint64_t)(unsigned)_mm256_movemask_ps(some) << i;\n"
    "    }\n    return lit;\n}\n";

/* Sums of 32 bits; a weight and an input are the lower halves of such lanes, and what multiplies
 * pairs of halves has nothing to add of the upper ones, as the input's is zero. */
static const char int8_16[] =
    "#define ^_LANES 16\n"
    "typedef __m512i @_vector;\n"
    "typedef __m128i @_zeros;\n"
    "^_INLINE __mmask16 @_first(size_t n)\n{\n"
    "    return n < 16 ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;\n}\n"
    "^_INLINE @_vector @_load(const int32_t *y, size_t n)\n{\n"
    "    return _mm512_maskz_loadu_epi32(@_first(n), y);\n}\n"
    "^_INLINE void @_store(int32_t *y, size_t n, @_vector sums)\n{\n"
    "    _mm512_mask_storeu_epi32(y, @_first(n), sums);\n}\n"
    "^_INLINE @_vector @_same(int v)\n{\n    return _mm512_set1_epi32(v & 0xffff);\n}\n"
    "^_INLINE @_zeros @_zero(void)\n{\n"
    "    @_zeros zero = _mm_setzero_si128();\n"
    "    __asm__(\"\" : \"+v\"(zero));\n    return zero;\n}\n"
    "^_INLINE unsigned @_mask(const uint8_t *bits)\n{\n"
    "    return (unsigned)bits[0] | (unsigned)bits[1] << 8;\n}\n"
    "^_INLINE @_vector @_dense(@_vector sums, @_vector v, const int8_t *w)\n{\n"
    "    return _mm512_dpwssd_epi32(sums, _mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)w)), "
    "v);\n}\n"
    "^_INLINE @_vector @_sparse(@_vector sums, @_vector v, unsigned mask, const int8_t *w, "
    "@_zeros zero)\n{\n"
    "    const __m128i own = _mm_mask_expand_epi8(zero, (__mmask16)mask, _mm_loadu_si128((const "
    "void *)w));\n"
    "    return _mm512_dpwssd_epi32(sums, _mm512_cvtepi8_epi32(own), v);\n}\n"
    "^_INLINE uint64_t @_lit(const void *x, size_t n)\n{\n"
    "    const __m512i all = _mm512_maskz_loadu_epi8(n < 64 ? ((__mmask64)1 << n) - 1 : "
    "~(__mmask64)0, x);\n"
    "    return _mm512_test_epi8_mask(all, all);\n}\n";

static const char int8_8[] =
    "#define ^_LANES 8\n"
    "typedef __m256i @_vector;\n"
    "typedef int @_zeros;\n"
    "^_INLINE __m256i @_first(size_t n)\n{\n"
    "    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < 8 ? (int)n : 8), "
    "_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));\n}\n"
    "^_INLINE @_vector @_load(const int32_t *y, size_t n)\n{\n"
    "    return _mm256_maskload_epi32((const void *)y, @_first(n));\n}\n"
    "^_INLINE void @_store(int32_t *y, size_t n, @_vector sums)\n{\n"
    "    _mm256_maskstore_epi32((void *)y, @_first(n), sums);\n}\n"
    "^_INLINE @_vector @_same(int v)\n{\n    return _mm256_set1_epi32(v & 0xffff);\n}\n"
    "^_INLINE @_zeros @_zero(void)\n{\n    return 0;\n}\n"
    "^_INLINE unsigned @_mask(const uint8_t *bits)\n{\n    return bits[0];\n}\n"
    "^_INLINE @_vector @_times(@_vector sums, @_vector v, __m128i w)\n{\n"
    "    return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_cvtepi8_epi32(w), v));\n}\n"
    "^_INLINE @_vector @_dense(@_vector sums, @_vector v, const int8_t *w)\n{\n"
    "    return @_times(sums, v, _mm_loadl_epi64((const void *)w));\n}\n"
    "^_INLINE @_vector @_sparse(@_vector sums, @_vector v, unsigned mask, const int8_t *w, "
    "@_zeros zero)\n{\n"
    "    (void)zero;\n"
    "    return @_times(sums, v, _mm_shuffle_epi8(_mm_loadl_epi64((const void *)w), "
    "_mm_loadl_epi64((const void *)(@_spread + 8 * mask))));\n}\n"
    "^_INLINE uint64_t @_lit(const void *x, size_t n)\n{\n"
    "    const uint8_t *bytes = x;\n"
    "    uint64_t lit = 0;\n    size_t i = 0;\n"
    "    for (; i + 32 <= n && i < 64; i += 32) {\n"
    "        const __m256i none = _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)(bytes + i)), "
    "_mm256_setzero_si256());\n"
    "        lit |= (uint64_t)~(unsigned)_mm256_movemask_epi8(none) << i;\n"
    "    }\n"
    "    for (; i < n && i < 64; i++) {\n"
    "        lit |= (uint64_t)(bytes[i] != 0) << i;\n"
    "    }\n    return lit;\n}\n";

/* Where the first, second, ... of the weights of eight rows go, by the eight bits that say which
 * rows have one; -1: to none. */
static void add_spread(struct printer *p)
{
    int64_t to[256 * 8];
    for (int bits = 0; bits < 256; bits++)
        for (int b = 0, k = 0; b < 8; b++)
            to[8 * bits + b] = bits >> b & 1 ? k++ : -1;
    struct text constants = p->constants;
    p->constants = text_new(p->arena);
    deploy_integers(p, "int8_t __attribute__((unused))",
                    arena_format(p->arena, "%s_spread", p->net), to, NULL, 256 * 8, 0);
    text_add(&p->functions, p->constants.bytes);
    p->constants = constants;
}

void deploy_vectors(struct printer *p)
{
    if (!deploy_is_new(p, "vectors"))
        return;
    bool int8 = p->d->int8;
    /* not every net has use for all of them */
    static const char include[] = "#include <immintrin.h>\n"
                                  "#define ^_INLINE static inline __attribute__((unused))\n";
    add_template(p, int8 ? "#if defined __GNUC__ && defined __AVX512VBMI2__ && defined "
                           "__AVX512VNNI__ && defined __AVX512BW__ && defined __AVX512VL__\n"
                         : "#if defined __GNUC__ && defined __AVX512F__\n");
    add_template(p, include);
    add_template(p, int8 ? int8_16 : float_16);
    add_template(p, int8 ? "#elif defined __GNUC__ && defined __AVX2__\n"
                         : "#elif defined __GNUC__ && defined __AVX2__ && defined __FMA__\n");
    add_template(p, include);
    add_spread(p);
    add_template(p, int8 ? int8_8 : float_8);
    add_template(p, "#else\n#define ^_LANES 1\n#endif\n\n");
}

/* Adds to so many vectors of rows, the last of which may be cut short. `first`: rows before them.
 */
static void add_pass(struct printer *p, const struct deploy_types *types, bool dense, int vectors)
{
    struct text *t = &p->functions;
    const char *kind = dense ? "dense" : types->kind;
    if (!deploy_is_new(p, arena_format(p->arena, "pass %s %s %d", kind, types->in, vectors)))
        return;
    text_printf(t,
                "%s_INLINE void %s_%s_%d%s(const %s *restrict x, "
                "size_t columns, ",
                p->upper, p->net, kind, vectors, types->suffix, types->in);
    if (!dense)
        text_printf(t, "const uint8_t *restrict live, const %s *restrict start, ", types->start);
    text_printf(t, "%s, const %s *restrict w, %s *restrict y, size_t first, size_t rows)\n{\n",
                dense ? "size_t stride" : "const uint8_t *restrict bits, size_t bytes",
                types->weight, types->sum);
    if (!dense)
        add_template(p, "    const @_zeros zero = @_zero();\n");
    for (int i = 0; i < vectors; i++)
        add_template(p, arena_format(p->arena,
                                     "    @_vector s%d = @_load(y + %d * ^_LANES, rows - %d * "
                                     "^_LANES);\n",
                                     i, i, i));
    if (dense)
        add_template(p, "    for (size_t from = 0; from < columns; from += 64) {\n"
                        "        for (uint64_t lit = @_lit(x + from, columns - from); lit != 0; "
                        "lit &= lit - 1) {\n"
                        "            const size_t j = from + (size_t)__builtin_ctzll(lit);\n"
                        "            const @_vector v = @_same(x[j]);\n");
    else
        add_template(p, "    for (size_t from = 0, rank = 0; from < columns; from += 64) {\n"
                        "        uint64_t have;\n"
                        "        __builtin_memcpy(&have, live + from / 8, sizeof have);\n"
                        "        for (uint64_t lit = have & @_lit(x + from, columns - from); "
                        "lit != 0; lit &= lit - 1) {\n"
                        "            const size_t c = rank + (size_t)__builtin_popcountll(have & "
                        "~lit & (lit - 1));\n"
                        "            const @_vector v = @_same(x[from + "
                        "(size_t)__builtin_ctzll(lit)]);\n"
                        "            const uint8_t *here = bits + c * bytes;\n");
    text_printf(t, "            const %s *at = w + %s;\n", types->weight,
                dense ? "j * stride + first" : "start[c]");
    if (!dense)
        add_template(p, "            unsigned mask;\n"
                        "            for (size_t i = 0; i < first; i += 32, here += 4) {\n"
                        "                uint32_t before;\n"
                        "                __builtin_memcpy(&before, here, sizeof before);\n"
                        "                at += __builtin_popcount(before);\n"
                        "            }\n");
    for (int i = 0; i < vectors; i++)
        add_template(
            p,
            dense ? arena_format(p->arena,
                                 "            s%d = @_dense(s%d, v, at + %d * ^_LANES);\n", i, i, i)
                  : arena_format(p->arena,
                                 "            mask = @_mask(here + %d * ^_LANES / 8);\n"
                                 "            s%d = @_sparse(s%d, v, mask, at, zero);\n%s",
                                 i, i, i,
                                 i + 1 < vectors ? "            at += __builtin_popcount(mask);\n"
                                                 : ""));
    text_add(t, "        }\n");
    if (!dense)
        text_add(t, "        rank += (size_t)__builtin_popcountll(have);\n");
    text_add(t, "    }\n");
    for (int i = 0; i < vectors; i++)
        add_template(p, arena_format(p->arena,
                                     "    @_store(y + %d * ^_LANES, rows - %d * ^_LANES, s%d);\n",
                                     i, i, i));
    text_add(t, "}\n\n");
}

/* The passes of all rows, alike but for the last; each but the last ends at a multiple of 32 rows.
 */
static int vectors_of(int64_t rows, int lanes)
{
    int64_t all = (rows + lanes - 1) / lanes, passes = (all + MOST - 1) / MOST;
    return passes == 1 ? (int)all : (int)(((all + passes - 1) / passes + 3) / 4 * 4);
}

void deploy_passes(struct printer *p, const struct deploy_types *types, bool dense, int64_t rows)
{
    text_printf(&p->functions, "#if %s_LANES > 1\n", p->upper);
    for (int lanes = 16; lanes >= 8; lanes /= 2) {
        int64_t each = vectors_of(rows, lanes) * lanes;
        for (int64_t first = 0; first < rows; first += each)
            add_pass(p, types, dense, vectors_of(first + each < rows ? each : rows - first, lanes));
    }
    text_add(&p->functions, "#endif\n\n");
}

void deploy_call_passes(struct printer *p, const struct deploy_types *types, bool dense,
                        int64_t rows)
{
    struct text *t = &p->functions;
    for (int lanes = 16; lanes >= 8; lanes /= 2) {
        text_printf(t, "#%s %s_LANES == %d\n", lanes == 16 ? "if" : "elif", p->upper, lanes);
        int64_t each = vectors_of(rows, lanes) * lanes;
        for (int64_t first = 0; first < rows; first += each) {
            int64_t here = first + each < rows ? each : rows - first;
            text_printf(t, "    %s_%s_%d%s(x, columns, ", p->net, dense ? "dense" : types->kind,
                        vectors_of(here, lanes), types->suffix);
            if (dense)
                text_printf(t, "%lld, ", (long long)rows);
            else
                text_printf(t, "live, start, bits, %lld, ", (long long)(rows + 15) / 16 * 2);
            text_printf(t, "w, y + %lld, %lld, %lld);\n", (long long)first, (long long)first,
                        (long long)here);
        }
    }
}
