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
. "$LENSMILL_ROOT/jobs/slurm-functions.sh"
set +u
load_site
set -u
export LENSMILL_PROGRAM
config=$(realpath -e "$1")
folder=$(realpath -m "${2:?"usage: jobs/campaign.sh CONFIG FOLDER [OPTION...]"}")
shift 2
command -v sbatch >/dev/null || fail "there is no sbatch here: run this on a login node"
mkdir -p "$folder/log" "$folder/state"
exec 9>>"$folder/state/lock"
flock -n 9 || fail "another jobs/campaign.sh is submitting into $folder"
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
digest() { sha256sum | cut -c 1-12; }
# What a step's result depends on, as far as files and arguments tell; lensmill itself
# compares the data files when it continues a run.
base=$({ "$LENSMILL_PROGRAM" --version; cat "$config"; printf '%s\n' "$@"; } | digest)
pilot=$folder/pilot-$({ echo "$base"; printf '%s\n' ${pilot_options[@]+"${pilot_options[@]}"}; } | digest)

previous=""  # the job that the next one waits for
submitted=0
# submit STEP FINGERPRINT SBATCH_OPTION... -- SCRIPT ARGUMENT...
submit() {
  local step=$1 fingerprint=$2 options=() known="" job=""
  shift 2
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  local mark=$folder/state/$step.done record=$folder/state/$step.job
  if [ "$(cat "$mark" 2>/dev/null)" = "$fingerprint" ]; then
    printf '  %-12s %-10s %s\n' "$step" "done" "(remove $mark to do it again)"
    return
  fi
  if read -r job known <"$record" 2>/dev/null && [ "$known" = "$fingerprint" ] &&
     [ -n "$(squeue -h -j "$job" -o %i 2>/dev/null)" ]; then
    printf '  %-12s %-10s %s\n' "$step" "job $job" "is queued or runs already"
    previous=$job
    return
  fi
  if [ -n "$previous" ]; then options+=("--dependency=afterok:$previous"); fi
  job=$(LENSMILL_DONE_FILE=$mark LENSMILL_DONE_TEXT=$fingerprint \
        LENSMILL_PROGRESS=$folder/state/$step.progress \
    sbatch --parsable --kill-on-invalid-dep=yes --job-name="lensmill-$step" \
      --output="$folder/log/%x-%j.log" ${every[@]+"${every[@]}"} \
      ${options[@]+"${options[@]}"} "$@")
  job=${job%%;*}
  replace_file "$record" "$job $fingerprint"
  rm -f "$folder/state/$step.progress"
  previous=$job
  submitted=$((submitted + 1))
  printf '  %-12s %-10s %s\n' "$step" "job $job" "$folder/log/lensmill-$step-$job.log"
}

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

if [ $submitted = 0 ] && [ -z "$previous" ]; then
  echo "Everything is done: $output, $output/analysis"
  exit 0
fi
cat <<END
Look:     squeue --me -o '%i %j %T %r'     lensmill info $output
          A step that fails cancels those that wait for it; its log says why.
Go on:    after mending it, run the same command again.
Stop:     scancel \$(cut -d' ' -f1 $folder/state/*.job)
END
