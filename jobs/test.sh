#!/usr/bin/env bash
# Install the packages, build the ci preset and run the test suite.
#
#   jobs/test.sh [CTEST_ARGUMENT...]     e.g. jobs/test.sh -L unit
#
# LENSMILL_DATA=DIR           where the real-input data lie (default: ../shared/data)
# LENSMILL_REQUIRE_DATA=1     a missing data file fails a test instead of skipping it
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac

jobs/install-packages.sh
data=$(realpath -m "${LENSMILL_DATA:-../shared/data}")
jobs/build.sh ci "-DLENSMILL_TEST_DATA=$data"
[ -d "$data" ] || echo "test: no data folder $data: tests that need it are skipped"

. jobs/mpi-single-machine.sh
rc=0
ctest --test-dir build/ci -j2 --output-on-failure --no-tests=error "$@" || rc=$?

skipped=$(grep -c '^\[  SKIPPED \].*ms)$' build/ci/Testing/Temporary/LastTest.log || true)
[ "${skipped:-0}" = 0 ] || echo "test: $skipped test cases were SKIPPED for want of data in $data"
if [ $rc = 0 ]; then echo "test: all passed"; else echo "test: FAILED (ctest $rc)"; fi
exit $rc
