#pragma once

/// \file
/// Run-time dispatch for plain loops: the function is compiled for the baseline and for
/// wider vector units, and the loader picks one. Only for element-wise loops, whose
/// bits do not depend on the width (no reductions; -ffp-contract=off keeps fma out).

// A sanitizer's run-time is not ready when the loader resolves the versions.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define LENSMILL_MULTIVERSION \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LENSMILL_MULTIVERSION
#endif
