#!/usr/bin/env bash
# Install the packages, build the ci preset and run the test suite.
#
#   jobs/test.sh [CTEST_ARGUMENT...]     e.g. jobs/test.sh -L unit
#
# LENSMILL_DATA=DIR           where the real-input data lie (default: ../shared/data). Without
#                             them synthetic files in their layout are made, and only
#                             comparisons with the real files' values are skipped
# LENSMILL_REQUIRE_DATA=1     a missing data file fails a test instead of skipping it
# LENSMILL_REQUIRE_SLURM=1    so does a SLURM that cannot be installed or started
# CI=true                     warnings are errors, the tests that read the data folder run a
#                             second time on the synthetic files, and searches and a browser
#                             are installed for the tests that need them
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac

jobs/install-packages.sh
slurm=yes
jobs/install-packages.sh --slurm || slurm=no
if [ "${CI:-}" = true ]; then
  jobs/install-packages.sh --more-tests ||
    echo "test: what some tests need COULD NOT BE INSTALLED: they say so and are skipped"
fi
data=$(realpath -m "${LENSMILL_DATA:-../shared/data}")
synthetic=$PWD/build/ci/demo-data
mkdir -p build/ci
[ "$synthetic/SYNTHETIC" -nt python/demo_data.py ] || jobs/demo-data.sh "$synthetic"
if [ ! -d "$data" ]; then
  echo "test: no data folder $data: tests run on synthetic files, $synthetic"
  data=$synthetic
fi
jobs/build.sh ci "-DLENSMILL_TEST_DATA=$data"

. jobs/mpi-single-machine.sh
rc=0
if [ "${CI:-}" = true ] && [ "$data" != "$synthetic" ]; then
  # The label `data` is enough: no other test is ever given the data (tests/CMakeLists.txt).
  echo "test: first on synthetic files: what compares with real values is skipped"
  jobs/build.sh ci "-DLENSMILL_TEST_DATA=$synthetic"
  env -u LENSMILL_REQUIRE_DATA ctest --test-dir build/ci -j2 --output-on-failure \
    --no-tests=ignore "$@" -L '^data$' || rc=$?
  jobs/build.sh ci "-DLENSMILL_TEST_DATA=$data"
fi
ctest --test-dir build/ci -j2 --output-on-failure --no-tests=error "$@" || rc=$?

skipped=$(sed -n -e '/: Skipped$/{n;p}' -e "s/.*skipped '\(.*\)'$/\1/p" \
  -e 's/^SKIPPED \[[0-9]*\] [^ ]*: //p' \
  build/ci/Testing/Temporary/LastTest.log | sort | uniq -c)
[ -z "$skipped" ] || printf 'test: test cases that were SKIPPED, how many and why:\n%s\n' "$skipped"
if [ $slurm = no ]; then
  echo "test: SLURM COULD NOT BE INSTALLED: unless it was there, the batch scripts were NOT tested"
fi
if grep -q '^SKIPPED: the tests under a real SLURM' build/ci/Testing/Temporary/LastTest.log; then
  echo "test: the batch scripts were NOT TESTED: no SLURM could be started here:"
  grep -A1 '^SKIPPED: the tests under a real SLURM' build/ci/Testing/Temporary/LastTest.log
fi
if [ $rc = 0 ]; then echo "test: all passed"; else echo "test: FAILED (ctest $rc)"; fi
exit $rc
