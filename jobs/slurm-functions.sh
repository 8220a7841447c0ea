# shellcheck shell=bash
# What the batch scripts share; sourced by them, with LENSMILL_ROOT set. jobs/README.md has
# the variables.

lensmill_codes_that_stay=" 64 65 70 74 78 "  # repeating does not change these

say() { echo "$(date +%FT%T) ${SLURM_JOB_NAME:-lensmill} ${SLURM_JOB_ID:-}: $*"; }
fail() { say "ERROR: $1" >&2; exit "${2:-64}"; }

# The site's modules and launcher, then the program.
load_site() {
  local site=${LENSMILL_SITE:-debian}
  case $site in */*) ;; *) site=$LENSMILL_ROOT/jobs/env/$site.sh ;; esac
  [ -r "$site" ] || fail "LENSMILL_SITE: no file $site (there are: $(
    cd "$LENSMILL_ROOT/jobs/env" && echo ./*.sh))"
  # shellcheck disable=SC1090
  . "$site" || fail "LENSMILL_SITE: $site failed" 69
  LENSMILL_PROGRAM=${LENSMILL_PROGRAM:-$LENSMILL_ROOT/build/release/bin/lensmill}
  [ -x "$LENSMILL_PROGRAM" ] ||
    fail "LENSMILL_PROGRAM: no program $LENSMILL_PROGRAM (jobs/build.sh release makes it)"
  LENSMILL_LAUNCHER=${LENSMILL_LAUNCHER:-srun}
}

# This job for scontrol. An array's last task bears the number of the whole array.
this_job() {
  if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
    echo "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
  else
    echo "$SLURM_JOB_ID"
  fi
}

# ---- stopping in time ---------------------------------------------------------------------
# SLURM warns the batch script with USR1 (--signal=B:USR1@SECONDS, up to a minute early); a
# timer of ours does the same where that was not asked for. The ranks are told by USR1 and
# end with 75. Those that do not in time are given up: their shards are made again. TERM is scancel, preemption or a failed node: SLURM itself decides what follows.
stopping=""
launched=""
stop_file=""    # of the run (`lensmill stop`); "": it is not looked for
job_end=0       # seconds since 1970; 0: not known
patience_s=150
command_pid=""
timers=()

timer() {  # SIGNAL SECONDS
  ( trap - USR1 USR2 TERM EXIT; sleep "$2" && kill -s "$1" $$ ) </dev/null >/dev/null 2>&1 &
  timers+=($!)
}
stop_timers() {
  local pid
  for pid in ${timers[@]+"${timers[@]}"}; do
    pkill -P "$pid" 2>/dev/null
    kill "$pid" 2>/dev/null
  done
  timers=()
}
on_stop() {
  [ -z "$stopping" ] || return 0
  stopping=limit
  say "the time limit is near, or USR1 was sent: the ranks finish their shards"
  if [ -n "$command_pid" ]; then kill -USR1 "$command_pid" 2>/dev/null; fi
  # Of what is left until SLURM kills the job, a sixth is kept for the requeue.
  if [ "$job_end" -gt 0 ]; then patience_s=$(( (job_end - $(date +%s)) * 5 / 6 )); fi
  patience_s=${LENSMILL_STOP_S:-$patience_s}
  timer USR2 $(( patience_s > 0 ? patience_s : 0 ))
}
on_late() {
  say "no end within $patience_s s: the shards in flight are given up"
  continue_later
}
on_term() { stopping=term; say "TERM: cancelled, preempted, or a node failed"; }

watch_signals() {
  trap on_stop USR1
  trap on_late USR2
  trap on_term TERM
  trap stop_timers EXIT
  local end left before
  end=$(scontrol show job -o "$(this_job)" 2>/dev/null | sed -n 's/.* EndTime=\([^ ]*\).*/\1/p')
  job_end=$(date -d "${end:-none}" +%s 2>/dev/null || echo 0)
  left=$(( job_end - $(date +%s) ))
  # No limit, or none that scontrol reports: SLURM's signal remains.
  if [ "$left" -le 0 ]; then job_end=0; return 0; fi
  before=${LENSMILL_STOP_BEFORE_END_S:-$(( left / 4 < 180 ? left / 4 : 180 ))}
  if [ "$before" -gt 0 ]; then timer USR1 $(( left > before ? left - before : 0 )); fi
}

# ---- starting ranks -----------------------------------------------------------------------
# On each rank: the command, and a mark on the first node if rank 0 has ended with 0. srun
# has been seen to end with 0 although it could not start a single rank. Signals go to the
# command; `:` keeps this shell until it has ended.
# shellcheck disable=SC2016  # expanded by the ranks
on_rank='trap : USR1 TERM INT
mark=$1; shift
"$@" || exit
if [ "${OMPI_COMM_WORLD_RANK:-${SLURM_PROCID:-0}}" = 0 ]; then echo done >"$mark"; fi'

# launch COMMAND...: on all ranks of the job; the exit code in $rc.
launch() {
  local command=() again mark
  case $LENSMILL_LAUNCHER in
    srun) command=(srun "--mpi=${LENSMILL_SRUN_MPI:-pmix}" --kill-on-bad-exit=1) ;;
    mpirun) command=(mpirun) ;;
    none) ;;
    *) fail "LENSMILL_LAUNCHER: srun, mpirun or none, not $LENSMILL_LAUNCHER" ;;
  esac
  if [ -n "$stopping" ]; then rc=75; return; fi
  # Made here, by no other process: what stood there under a name that can be guessed could be
  # a link to a file of ours.
  mark=$(mktemp "${TMPDIR:-/tmp}/lensmill-$SLURM_JOB_ID-XXXXXXXXXX") || fail "no file in ${TMPDIR:-/tmp}" 74
  launched=yes
  say "$LENSMILL_LAUNCHER on ${SLURM_NTASKS:-1} ranks, ${SLURM_JOB_NODELIST:-this machine}: $*"
  ${command[@]+"${command[@]}"} sh -c "$on_rank" sh "$mark" "$@" &
  command_pid=$!
  # `wait` also returns when a trap has run.
  while :; do
    wait "$command_pid"; rc=$?
    kill -0 "$command_pid" 2>/dev/null || break
  done
  wait "$command_pid" 2>/dev/null; again=$?
  if [ $again != 127 ]; then rc=$again; fi
  command_pid=""
  if [ "$rc" = 0 ] && [ ! -s "$mark" ]; then
    say "$LENSMILL_LAUNCHER ended with 0, but rank 0 did not"
    rc=1
  fi
  rm -f "$mark"
}

# The same, and once more where the launcher failed, or a rank was lost: after a node crash
# the first srun of a requeued job may find a stale socket; the next step has a new one.
launch_twice() {
  launch "$@"
  case "$lensmill_codes_that_stay 0 75 " in *" $rc "*) return ;; esac
  [ -z "$stopping" ] || return 0
  say "ended with $rc, which is none of lensmill's codes: once more"
  sleep "${LENSMILL_RETRY_S:-5}" & wait $!
  [ -z "$stopping" ] || return 0
  launch "$@"
}

# ---- continuing ---------------------------------------------------------------------------
# A note of how many shards each start of this job has found. The file stands beside the
# job's log: a run's folder may not be there yet.
progress_file() { echo "${LENSMILL_PROGRESS:-${SLURM_SUBMIT_DIR:-.}/lensmill-job-$(this_job).progress}"; }

# check_progress COUNT: give up when LENSMILL_MAX_IDLE_STARTS starts in a row have added
# nothing: a shard may take longer than the time limit, or a node fail every time.
check_progress() {
  local file idle=0 most=${LENSMILL_MAX_IDLE_STARTS:-3} at count last=$1 lines=()
  file=$(progress_file)
  if [ -L "$file" ]; then fail "$file: is a link; remove it, or set LENSMILL_PROGRESS" 74; fi
  if [ -r "$file" ]; then mapfile -t lines <"$file"; fi
  for (( at = ${#lines[@]} - 1; at >= 0; --at )); do
    read -r _ count _ <<<"${lines[at]}"
    [ "$count" = "$last" ] || break
    idle=$((idle + 1))
  done
  if [ $idle -ge "$most" ]; then
    say "STOPPED: $idle starts in a row have finished no shard (still $1)."
    say "A shard that takes longer than the time limit? Then a longer --time or a smaller"
    say "output.rows_per_shard. To try again: rm $file; scontrol requeue $(this_job)"
    exit 75
  fi
  echo "${SLURM_RESTART_COUNT:-0} $1 shards $(date +%FT%T) ${SLURM_JOB_NODELIST:-}" >>"$file"
}

continue_later() {
  local job
  job=$(this_job)
  trap 'exit 75' TERM
  say "back into the queue: scontrol requeue $job"
  if scontrol requeue "$job"; then
    sleep 300 & wait $!  # SLURM ends this script
  fi
  say "the job could not be requeued; submit it again with the same arguments to continue"
  exit 75
}

# What an exit code of `lensmill run` means for the job; does not return.
end_run() {
  case $rc in
    0) rm -f "$(progress_file)"; mark_done; say "done"; exit 0 ;;
    64|65|70|78) say "ended with $rc: its message is above; not requeued"; exit "$rc" ;;
    74) say "ended with 74 (I/O): mend the disk, then: scontrol requeue $(this_job)"; exit 74 ;;
  esac
  # A run that was ended by hand must not begin again by itself.
  if [ "$rc" = 75 ] && [ -n "$launched" ] && [ -n "$stop_file" ] && [ -e "$stop_file" ]; then
    say "ended by \`lensmill stop\`; finished shards are kept. To go on: scontrol requeue $(this_job)"
    exit 75
  fi
  if [ "$stopping" = term ]; then
    say "ended with $rc after TERM; finished shards are kept"
    exit "$rc"
  fi
  # 75, a lost rank, a launcher that fails: check_progress ends what gets nowhere.
  continue_later
}

# replace_file PATH TEXT: whole or not at all, and not through a link that stands there.
replace_file() {
  local new
  new=$(mktemp "$1.XXXXXXXXXX") || return
  { echo "$2" >"$new" && chmod "$(printf %o $(( 0666 & ~0$(umask) )))" "$new" &&
    mv -T "$new" "$1"; } || { rm -f "$new"; return 1; }
}

# For campaign.sh: this step need not be done again.
mark_done() {
  [ -n "${LENSMILL_DONE_FILE:-}" ] || return 0
  replace_file "$LENSMILL_DONE_FILE" "${LENSMILL_DONE_TEXT:-}"
}

# fields_of LIST: its lines, without comments and blank ones.
fields_of() { sed 's/#.*//' "$1" | grep -v '^[[:space:]]*$'; }

# count_shards RUN [FIRST LAST]: finished ones.
count_shards() {
  find "$1/shards" -maxdepth 1 -name 'shard-*.h5' 2>/dev/null |
    sed 's/.*shard-0*\([0-9]\{1,\}\)\.h5$/\1/' |
    awk -v first="${2:-0}" -v last="${3:-1e18}" '$1 >= first && $1 <= last {n++} END {print n + 0}'
}
