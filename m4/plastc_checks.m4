dnl What configure.ac needs beyond autoconf's own checks.

dnl PLASTC_CHOOSE_CC: CC, unless the user gave one, is the first of clang, clang-19 down to
dnl clang-14, gcc and cc whose -fopenmp program compiles, links and runs; with --disable-openmp
dnl the first that makes a program at all. OPENMP_CFLAGS is what it is then called with.
dnl It stands before AC_PROG_CC, so it cannot use the macros that need one.
AC_DEFUN([PLASTC_CHOOSE_CC], [
AC_BEFORE([$0], [AC_PROG_CC])
AC_ARG_VAR([OPENMP_CFLAGS], [what makes CC compile OpenMP, default -fopenmp])
AS_IF([test "x$enable_openmp" = xno], [OPENMP_CFLAGS=],
  [test "x$OPENMP_CFLAGS" = x], [OPENMP_CFLAGS=-fopenmp])
mkdir conftest.cc || AC_MSG_ERROR([cannot write in this directory])
AS_IF([test "x$OPENMP_CFLAGS" = x],
  [AS_ECHO(['int main(void) { return 0; }']) >conftest.cc/try.c],
  [cat >conftest.cc/try.c <<'_PLASTC_EOF'
#include <omp.h>
int main(void)
{
    int seen = 0;
    omp_set_num_threads(2);
#pragma omp parallel reduction(+ : seen)
    seen += 1;
    return seen < 1;
}
_PLASTC_EOF
])
plastc_cc=
plastc_try() {
  AC_MSG_CHECKING([whether $[1] $OPENMP_CFLAGS makes programs that run])
  if $[1] $CPPFLAGS $CFLAGS $OPENMP_CFLAGS conftest.cc/try.c -o conftest.cc/try $LDFLAGS \
       >&AS_MESSAGE_LOG_FD 2>&1 &&
     { test "x$cross_compiling" = xyes || conftest.cc/try >&AS_MESSAGE_LOG_FD 2>&1; }; then
    AC_MSG_RESULT([yes])
    plastc_cc=$[1]
  else
    AC_MSG_RESULT([no])
    false
  fi
}
AS_IF([test "x$CC" != x], [plastc_try "$CC"],
  [for plastc_candidate in clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 gcc cc; do
     plastc_try $plastc_candidate && break
   done])
rm -rf conftest.cc
AS_IF([test "x$plastc_cc" = x], [
  AS_IF([test "x$CC" != x], [AC_MSG_ERROR([$CC $OPENMP_CFLAGS does not make programs that run; leave CC unset to have one chosen, or try --disable-openmp])],
    [test "x$OPENMP_CFLAGS" != x], [AC_MSG_ERROR([no C compiler here compiles OpenMP: install gcc, or clang with libomp, or use --disable-openmp])],
    [AC_MSG_ERROR([no working C compiler])])])
CC=$plastc_cc
])

dnl PLASTC_CHECK_CFLAGS(VARIABLE, FLAGS): those of FLAGS that CC takes without a warning.
AC_DEFUN([PLASTC_CHECK_CFLAGS], [
$1=
for plastc_flag in $2; do
  AC_MSG_CHECKING([whether $CC takes $plastc_flag])
  plastc_saved=$CFLAGS
  CFLAGS="$CFLAGS -Werror $plastc_flag"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes]); $1="$$1 $plastc_flag"], [AC_MSG_RESULT([no])])
  CFLAGS=$plastc_saved
done
AC_SUBST([$1])
])

dnl PLASTC_CHECK_LINK(VARIABLE, FLAGS): all FLAGS together if a program links with them, else none.
AC_DEFUN([PLASTC_CHECK_LINK], [
AC_MSG_CHECKING([whether $CC links with $2])
plastc_saved=$CFLAGS
CFLAGS="$CFLAGS $2"
AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes]); $1="$2"], [AC_MSG_RESULT([no]); $1=])
CFLAGS=$plastc_saved
])
