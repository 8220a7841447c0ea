#!/usr/bin/env bash
# Configure and build one CMake preset into build/PRESET; safe to run again at any time.
#
#   jobs/build.sh PRESET [TARGET] [CMAKE_ARGUMENT...]     PRESET: release, ci, dev or asan
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?"usage: jobs/build.sh PRESET [TARGET] [CMAKE_ARGUMENT...]"}
shift
target=all
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then target=$1; shift; fi
folder=build/$preset
needed_mib=1500

fail() { echo "build: $*" >&2; exit 1; }
free_mib() { df -Pm . | awk 'NR == 2 {print $4}'; }

mkdir -p "$folder" || fail "cannot make $folder"
[ -w "$folder" ] && { [ ! -e "$folder/CMakeCache.txt" ] || [ -w "$folder/CMakeCache.txt" ]; } ||
  fail "$folder belongs to another user; remove it or build in your own copy"
[ "$(free_mib)" -ge $needed_mib ] || [ -e "$folder/build.ninja" ] ||
  fail "$(free_mib) MiB free in $PWD, a build takes about $needed_mib MiB"

# A disk that ran full leaves empty objects that look up to date.
find "$folder" -name '*.[oa]' -size 0 -delete

log=$folder/configure.log
if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
  # A half-made cache, or one from another place, is the usual reason: once more, afresh.
  rm -rf "$folder"
  mkdir -p "$folder"
  cmake --preset "$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; fail "CMake failed"; }
fi

# Some files take 1.5 GB of memory to compile.
memory_jobs=$(awk '/^MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo 2>/dev/null || echo 1)
jobs=$(nproc)
[ "${memory_jobs:-1}" -ge "$jobs" ] || jobs=$((memory_jobs > 0 ? memory_jobs : 1))
if ! cmake --build "$folder" --target "$target" --parallel "$jobs"; then
  [ "$(free_mib)" -ge 50 ] || fail "the disk is full: make room and run again"
  fail "the build of preset $preset failed; the messages are above"
fi
