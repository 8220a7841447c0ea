#!/bin/bash
# A whole campaign under SLURM, as a chain of jobs in which each waits for the one before:
#
#   psf-test -> experiments -> pilot -> gate -> regenerate -> verify -> report
#
# A step that fails cancels all that wait for it, so that no half terabyte is made with a
# bad PSF. Mend what its log names and run the same command again: finished steps are
# skipped, queued ones are waited for, interrupted ones continue where they were.
#
#   REPOSITORY/jobs/campaign.sh CONFIG FOLDER [OPTION...]     OPTION: --set KEY=VALUE, --catalogue FILE
#
# FOLDER (seen by all nodes) gets experiments/, pilot-*/, run/, log/ and state/.
#
# LENSMILL_OUTPUT                  the regenerated run (default FOLDER/run)
# LENSMILL_EXPERIMENTS             configurations (default configs/experiment_?.yaml); "": none
# LENSMILL_PILOT_OPTIONS           what makes the pilot small
#                                  (default --set catalogue.sampled.count=20000)
# LENSMILL_GATE_OPTIONS            thresholds (jobs/check_pilot.py --help)
# LENSMILL_RUN_OPTIONS             for the regeneration's `lensmill run` alone, such as
#                                  --accept-different-build
# LENSMILL_SBATCH_OPTIONS          for sbatch, all steps, e.g. "--partition=p --account=a"
# LENSMILL_SBATCH_OPTIONS_LARGE    for regenerate and verify, e.g. "--ntasks=512 --time=8:00:00"
# LENSMILL_SITE, LENSMILL_LAUNCHER, LENSMILL_PROGRAM, ...: jobs/README.md
set -euo pipefail
case "${1:---help}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 64 ;;
esac
export LENSMILL_ROOT=${LENSMILL_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
. "$LENSMILL_ROOT/jobs/campaign-functions.sh"
config=$(realpath -e "$1")
folder=$(realpath -m "${2:?"usage: jobs/campaign.sh CONFIG FOLDER [OPTION...]"}")
shift 2
open_campaign "$folder"
# From here, whatever folder it is: relative paths must mean the same in the jobs.
jobs=$LENSMILL_ROOT/jobs
output=$(realpath -m "${LENSMILL_OUTPUT:-$folder/run}")
# shellcheck disable=SC2206  # lists of words
{
  experiments=(${LENSMILL_EXPERIMENTS-})
  pilot_options=(${LENSMILL_PILOT_OPTIONS---set catalogue.sampled.count=20000})
  run_options=(${LENSMILL_RUN_OPTIONS-})
  every=(${LENSMILL_SBATCH_OPTIONS-})
  large=(${LENSMILL_SBATCH_OPTIONS_LARGE-})
}
if [ -z "${LENSMILL_EXPERIMENTS+given}" ]; then
  experiments=("$LENSMILL_ROOT"/configs/experiment_?.yaml)
fi
# What a step's result depends on, as far as files and arguments tell; lensmill itself
# compares the data files when it continues a run.
base=$({ "$LENSMILL_PROGRAM" --version; cat "$config"; printf '%s\n' "$@"; } | digest)
pilot=$folder/pilot-$({ echo "$base"; printf '%s\n' ${pilot_options[@]+"${pilot_options[@]}"}; } | digest)

echo "campaign $folder"
submit psf-test "$base" --ntasks=1 -- "$jobs/campaign-step.sbatch" psf-test "$config" "$@"
if [ ${#experiments[@]} -gt 0 ]; then
  print=$({ "$LENSMILL_PROGRAM" --version; cat "${experiments[@]}"; } | digest)
  submit experiments "$print" -- \
    "$jobs/campaign-step.sbatch" experiments "$folder/experiments-$print" "${experiments[@]}"
fi
submit pilot "$(basename "$pilot")" -- "$jobs/regenerate.sbatch" "$config" "$pilot" "$@" \
  ${pilot_options[@]+"${pilot_options[@]}"}
submit gate "$(basename "$pilot") ${LENSMILL_GATE_OPTIONS:-}" -- "$jobs/campaign-step.sbatch" gate "$pilot"
submit regenerate "$base $output" ${large[@]+"${large[@]}"} -- \
  "$jobs/regenerate.sbatch" "$config" "$output" --gated-by "$pilot" "$@" ${run_options[@]+"${run_options[@]}"}
submit verify "$base $output" ${large[@]+"${large[@]}"} -- "$jobs/campaign-step.sbatch" verify "$output"
submit report "$base $output" -- "$jobs/campaign-step.sbatch" report "$output"

if nothing_is_left; then
  echo "Everything is done: $output, $output/analysis"
  exit 0
fi
cat <<END
Look:     squeue --me -o '%i %j %T %r'     lensmill info $output
          A step that fails cancels those that wait for it; its log says why.
Go on:    after mending it, run the same command again.
Stop:     scancel \$(cut -d' ' -f1 $folder/state/*.job)
END
