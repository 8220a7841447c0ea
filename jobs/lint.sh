#!/usr/bin/env bash
# Check layout and common defects: clang-format, then clang-tidy over the ci build.
#
#   jobs/lint.sh          C++ files that differ from origin/main (or main)
#   jobs/lint.sh --all    every C++ file
#   jobs/lint.sh FILE...  these files
#
# Needs clang-format, clang-tidy and the build's packages (jobs/install-packages.sh).
set -euo pipefail
cd "$(dirname "$0")/.."

files=()
case "${1:-}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  --all) mapfile -t files < <(git ls-files '*.cpp' '*.hpp') ;;
  "") base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main)
      mapfile -t files < <({ git diff --name-only --diff-filter=d "$base" -- '*.cpp' '*.hpp'
                             git ls-files --others --exclude-standard '*.cpp' '*.hpp'; } |
                           sort -u) ;;
  *) files=("$@") ;;
esac
if [ ${#files[@]} -eq 0 ]; then echo "lint: no C++ files to check"; exit 0; fi
for tool in clang-format clang-tidy; do
  command -v "$tool" >/dev/null || { echo "lint: $tool is missing (apt install $tool)"; exit 1; }
done

failed=0
clang-format --dry-run -Werror "${files[@]}" || failed=1

[ -f build/ci/compile_commands.json ] || cmake --preset ci >/dev/null
# Headers are checked through the sources that include them.
sources=()
for file in "${files[@]}"; do
  if grep -qF "/$file\"" build/ci/compile_commands.json; then sources+=("$file"); fi
done
if [ ${#sources[@]} -gt 0 ]; then
  printf '%s\0' "${sources[@]}" |
    nice xargs -0 -n 1 -P 2 clang-tidy -p build/ci --quiet 2>/dev/null || failed=1
fi
echo "lint: ${#files[@]} files, ${#sources[@]} through clang-tidy:" \
     "$([ $failed = 0 ] && echo clean || echo 'see above')"
exit $failed
