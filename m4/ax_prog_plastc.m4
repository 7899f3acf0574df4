# ax_prog_plastc.m4: models written for plastc in an autotools project.
#
# SYNOPSIS
#
#   AX_PROG_PLASTC([ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
#
# DESCRIPTION
#
#   Looks for the compiler plastc (set PLASTC to choose one) and, through
#   pkg-config, for the library plast that compiled models link with. Without
#   ACTION-IF-NOT-FOUND a missing one of them ends configure.
#
#   Sets, for use in Makefile.am:
#
#     PLASTC          the compiler
#     PLASTCFLAGS     the user's options for it
#     PLAST_CFLAGS    what compiled models are compiled with
#     PLAST_LIBS      what they are linked with
#     PLASTC_RULES    the suffix rules .pl.c and .pl.h; put the line
#
#                         @PLASTC_RULES@
#
#                     into Makefile.am and list MODEL.c among the
#                     nodist_..._SOURCES of a program
#
#   MODEL.c is a program of its own, a trainer, unless PLASTCFLAGS holds
#   --library; MODEL.h is for programs that call the model. A model file may
#   include others: name them as prerequisites of MODEL.c.
#
#   OpenMP is asked for with autoconf's own AC_OPENMP and OPENMP_CFLAGS.
#
# LICENSE
#
#   Copyright (c) 2026 The plastc authors
#
#   Copying and distribution of this file, with or without modification, are
#   permitted in any medium without royalty provided the copyright notice and
#   this notice are preserved. This file is offered as-is, without any warranty.

#serial 1

AC_DEFUN([AX_PROG_PLASTC], [
AC_REQUIRE([PKG_PROG_PKG_CONFIG])
AC_ARG_VAR([PLASTC], [compiler for network models])
AC_ARG_VAR([PLASTCFLAGS], [options for PLASTC])
AC_CHECK_PROG([PLASTC], [plastc], [plastc])
PKG_CHECK_MODULES([PLAST], [plast], [ax_plastc_library=yes], [ax_plastc_library=no])
PLASTC_RULES='.SUFFIXES: .pl .c .h
.pl.c:
	$(PLASTC) $(PLASTCFLAGS) $< -o $[@]
.pl.h:
	$(PLASTC) $(PLASTCFLAGS) $< -o - --header=$[@] >/dev/null'
AC_SUBST([PLASTC_RULES])
AM_SUBST_NOTMAKE([PLASTC_RULES])
AS_IF([test "x$PLASTC" != x && test "x$ax_plastc_library" = xyes], [m4_default([$1], [:])],
  [m4_default([$2], [
    AS_IF([test "x$PLASTC" = x], [AC_MSG_ERROR([plastc is not on the PATH; set PLASTC to it])])
    AC_MSG_ERROR([pkg-config does not find plast: $PLAST_PKG_ERRORS; is its plast.pc on PKG_CONFIG_PATH?])])])
])
