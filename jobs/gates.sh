#!/usr/bin/env bash
# What CI checks besides the test suite: benchmarks build and run once, documentation names
# only what exists, layout, the headers' comments, shell scripts.
#
#   jobs/gates.sh          the cheap ones, as CI does
#   jobs/gates.sh --long   also the unit tests under sanitizers, and clang-tidy
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
long=no
case "${1:-}" in
  "") ;;
  --long) long=yes ;;
  *) echo "gates: unknown option $1 (try --help)" >&2; exit 64 ;;
esac
. jobs/mpi-single-machine.sh

failed=()
left_out=()
gate() {
  local name=$1 began=$SECONDS
  shift
  if "$@"; then echo "gates: $name: passed ($((SECONDS - began)) s)"
  else echo "gates: $name: FAILED"; failed+=("$name"); fi
}

benchmarks() {
  jobs/build.sh ci -DLENSMILL_BUILD_BENCH=ON || return 1
  local program
  for program in build/ci/bench/*_bench; do
    # Once each: that they run, not what they measure.
    "$program" --benchmark_min_time=0.001 >build/ci/bench.log 2>&1 ||
      { tail -n 5 build/ci/bench.log; echo "$program fails"; return 1; }
  done
}

layout() {
  local version
  version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
  # Other versions lay the same style out differently.
  if [ "$version" != 14 ]; then
    echo "gates: layout: LEFT OUT (clang-format $version, the layout is version 14's)"
    left_out+=(layout)
    return 0
  fi
  git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format --dry-run -Werror
}

# Reads the headers' comments; any warning fails (Doxyfile).
reference() { mkdir -p build/api && doxygen >build/api/doxygen.log 2>&1 ||
  { head -n 20 build/api/doxygen.log; return 1; }; }

scripts() { shellcheck -S warning jobs/*.sh jobs/*.sbatch .ci/run; }

sanitizers() {
  jobs/build.sh asan unit_tests || return 1
  ctest --test-dir build/asan -L '^unit$' -j2 --output-on-failure >build/asan/tests.log ||
    { tail -n 40 build/asan/tests.log; return 1; }
}

jobs/install-packages.sh --lint
gate benchmarks benchmarks
gate documentation /usr/bin/python3 tests/check_docs.py
gate layout layout
gate reference reference
gate scripts scripts
if [ $long = yes ]; then
  gate sanitizers sanitizers
  gate lint jobs/lint.sh
fi

[ ${#left_out[@]} -eq 0 ] || echo "gates: left out: ${left_out[*]}"
if [ ${#failed[@]} -gt 0 ]; then echo "gates: FAILED: ${failed[*]}"; exit 1; fi
echo "gates: all that ran passed"
