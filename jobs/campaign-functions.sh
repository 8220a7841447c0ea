# shellcheck shell=bash
# What campaign.sh and field-campaign.sh share: the site, and a chain of jobs, each submitted
# once. Sourced with LENSMILL_ROOT set.

. "$LENSMILL_ROOT/jobs/slurm-functions.sh"
set +u  # a site's files need not bear it
load_site
set -u
export LENSMILL_PROGRAM

digest() { sha256sum | cut -c 1-12; }

# open_campaign FOLDER: log/ and state/ in it, for one submission at a time.
open_campaign() {
  command -v sbatch >/dev/null || fail "there is no sbatch here: run this on a login node"
  campaign_folder=$1
  mkdir -p "$campaign_folder/log" "$campaign_folder/state"
  exec 9>>"$campaign_folder/state/lock"
  flock -n 9 || fail "another $(basename "$0") is submitting into $campaign_folder"
}

every=()     # options for each sbatch
previous=""  # the job that the next one waits for
submitted=0
# submit STEP FINGERPRINT SBATCH_OPTION... -- SCRIPT ARGUMENT...
submit() {
  local step=$1 fingerprint=$2 options=() known="" job=""
  shift 2
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  local mark=$campaign_folder/state/$step.done record=$campaign_folder/state/$step.job
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
        LENSMILL_PROGRESS=$campaign_folder/state/$step.progress \
    sbatch --parsable --kill-on-invalid-dep=yes --job-name="lensmill-$step" \
      --output="$campaign_folder/log/%x-%j.log" ${every[@]+"${every[@]}"} \
      ${options[@]+"${options[@]}"} "$@")
  job=${job%%;*}
  replace_file "$record" "$job $fingerprint"
  rm -f "$campaign_folder/state/$step.progress"*
  previous=$job
  submitted=$((submitted + 1))
  printf '  %-12s %-10s %s\n' "$step" "job $job" "$campaign_folder/log/lensmill-$step-$job.log"
}

# Every step was done before.
nothing_is_left() { [ $submitted = 0 ] && [ -z "$previous" ]; }
