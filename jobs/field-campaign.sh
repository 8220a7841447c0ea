#!/bin/bash
# The fields (bricks) of a list under SLURM, as a chain of jobs in which each waits for the
# one before:
#
#   pilot (the list's first fields) -> gate -> fields (all of the list, a job array)
#
# A pilot that fails its gate cancels the array, so that no 100,000 bricks are made with a
# bad PSF. Mend what its log names and run the same command again: finished pilots and gates
# are skipped, queued steps are waited for, bands that are there are kept (the array is
# submitted again, and passes over them).
#
#   REPOSITORY/jobs/field-campaign.sh LIST FOLDER [OPTION...]
#
# LIST, OPTION: of jobs/field.sbatch. FOLDER (seen by all nodes) gets fields/NAME, log/ and
# state/. The gate compares with stamps only where the configuration says
# `field.compare_with_stamps: true`.
#
# LENSMILL_PILOT_FIELDS            how many fields the pilot makes (default 1)
# LENSMILL_GATE_OPTIONS            thresholds (jobs/check_field.py --help)
# LENSMILL_TASKS                   of the job array (default 16, and no more than fields)
# LENSMILL_SBATCH_OPTIONS          for sbatch, all steps, e.g. "--partition=p --account=a"
# LENSMILL_SBATCH_OPTIONS_LARGE    for the array, e.g. "--ntasks=8 --time=12:00:00"; the
#                                  pilot's fields are continued only on as many ranks
# LENSMILL_SITE, LENSMILL_LAUNCHER, LENSMILL_PROGRAM, ...: jobs/README.md
set -euo pipefail
case "${1:---help}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 64 ;;
esac
export LENSMILL_ROOT=${LENSMILL_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
. "$LENSMILL_ROOT/jobs/campaign-functions.sh"
list=$(realpath -e "$1")
folder=$(realpath -m "${2:?"usage: jobs/field-campaign.sh LIST FOLDER [OPTION...]"}")
shift 2
open_campaign "$folder"
jobs=$LENSMILL_ROOT/jobs
# shellcheck disable=SC2034,SC2206  # lists of words; `every` is read by submit
{
  every=(${LENSMILL_SBATCH_OPTIONS-})
  large=(${LENSMILL_SBATCH_OPTIONS_LARGE-})
}
mapfile -t lines < <(fields_of "$list")
count=${#lines[@]}
[ "$count" -gt 0 ] || fail "$list: names no field"
pilots=${LENSMILL_PILOT_FIELDS:-1}
[ "$pilots" -ge 1 ] && [ "$pilots" -le "$count" ] ||
  fail "LENSMILL_PILOT_FIELDS: must be from 1 to $count, the fields of $list (got $pilots)"
tasks=${LENSMILL_TASKS:-16}
tasks=$(( tasks < count ? tasks : count ))

# What the results depend on, as far as files and arguments tell; lensmill itself compares
# the data files when it continues a field.
configs=() names=()
for (( at = 0; at < count; ++at )); do
  read -r -a words <<<"${lines[at]}"
  [ ${#words[@]} -ge 2 ] || fail "$list: '${lines[at]}' has no CONFIG"
  config=${words[1]}
  case $config in /*) ;; *) config=$(dirname "$list")/$config ;; esac
  [ -r "$config" ] || fail "$list: ${words[0]}: no such file: $config"
  configs+=("$config")
  if [ "$at" -lt "$pilots" ]; then names+=("$folder/fields/${words[0]}"); fi
done
base=$({ "$LENSMILL_PROGRAM" --version; printf '%s\n' "${lines[@]}" "$@"
         printf '%s\0' "${configs[@]}" | sort -zu | xargs -0 cat; } | digest)

echo "fields $folder: $count, $pilots of them the pilot"
submit pilot "$base $pilots" ${large[@]+"${large[@]}"} -- \
  "$jobs/field.sbatch" --first "$pilots" "$list" "$folder/fields" "$@"
submit gate "$base $pilots ${LENSMILL_GATE_OPTIONS:-}" -- \
  "$jobs/campaign-step.sbatch" field-gate "${names[@]}"
submit fields "$base" --array="0-$((tasks - 1))" ${large[@]+"${large[@]}"} -- \
  "$jobs/field.sbatch" "$list" "$folder/fields" "$@"
cat <<END
Look:     squeue --me -o '%i %j %T %r'; logs are in $folder/log
          A step that fails cancels those that wait for it; its log says why.
Go on:    after mending it, run the same command again.
END
