#include "pipeline/job/run_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "lib/core/text.hpp"
#include "lib/io/claim.hpp"
#include "lib/io/files.hpp"
#include "lib/io/this_process.hpp"
#include "lib/parallel/groups.hpp"
#include "lib/parallel/watchdog.hpp"
#include "lib/parallel/work_queue.hpp"
#include "pipeline/archive/config_identity.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/job/finish_run.hpp"
#include "pipeline/job/heartbeat.hpp"
#include "pipeline/job/job_provenance.hpp"
#include "pipeline/job/job_record.hpp"
#include "pipeline/job/progress.hpp"
#include "pipeline/job/rank_report.hpp"
#include "pipeline/job/shard_maker.hpp"
#include "pipeline/job/stop_request.hpp"
#include "pipeline/job/stop_signals.hpp"
#include "pipeline/program/build_info.hpp"
#include "pipeline/session/level_of_run.hpp"
#include "pipeline/session/margin_check.hpp"
#include "pipeline/session/require_psfs.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {
namespace {

using parallel::Communicator;

// Measured: a virtual file over 5,000 shards takes 9 s and 250 MB, over 20,000 42 s and
// 900 MB.
constexpr std::int64_t many_shards = 5000;

void warn_of_margin(const Session& session, const Communicator& world, Log& log) {
  if (!session.config.render.margin_pix) return;  // each row takes what it needs
  std::string warning;
  world.agree([&] {
    if (world.is_root()) warning = check_margin(session).warning();
  });
  world.broadcast(warning);
  if (!warning.empty()) log.warning(warning);
}

/// The record of this job, on the root.
JobRecord begin_record(const Session& session, const std::vector<GatingRun>& gates,
                       const JobTask& task, const Communicator& world) {
  JobRecord record;
  world.agree([&] {
    if (!world.is_root()) return;
    record = JobRecord(task.folder, task.provenance,
                       {{"config_hash", task.identity.config_hash},
                        {"run_name", session.config.run.name},
                        {"run_rows", session.wanted_rows()},
                        {session.selection ? "run_shards_at_most" : "run_shards",
                         session.plan.shards()},
                        {"first_shard", task.selection.first},
                        {"last_shard", task.selection.end - 1}},
                       gates);
  });
  return record;
}

struct Made {
  bool stopped = false;           ///< shards were left because of a request to stop
  std::int64_t rows_written = 0;  ///< by all ranks
  Timings timings;                ///< this rank's
};

/// Whether no further shard is needed: the root looks. \independent
bool selection_has_ended(std::optional<KeptSoFar>& kept, const Communicator& ranks) {
  if (!kept || !ranks.is_root()) return false;
  kept->look();
  return kept->ended();
}

/// Make the pending shards. \param stem of the job's records
Made make_shards(const Session& session, const JobTask& task,
                 const PreparedFolder& prepared, std::optional<KeptSoFar>& kept,
                 const std::string& stem, const Communicator& world, Log& log) {
  const auto group = parallel::make_groups(world, session.config.output.writer_groups);
  Progress progress(log, task.folder, session.plan, group.ranks.size(),
                    kept ? &*kept : nullptr);
  Heartbeat heartbeat;
  if (group.ranks.is_root()) {
    heartbeat = Heartbeat(fmt::format("{}.group-{:04}.jsonl", stem, group.index));
  }
  StopRequests stop(task.folder, group.ranks.is_root(), group.count, log);
  std::optional<parallel::WorkQueue> queue;
  ShardMaker maker(group.ranks,
                   {session.chain(), session.rows(), session.wanted_rows(),
                    task.identity, task.provenance, prepared.job,
                    session.selection ? &*session.selection : nullptr},
                   [&] {
                     progress.row_done();
                     heartbeat.row_done();
                     stop.wanted();
                     queue->keep_up();
                   });
  bool stopped = false;
  std::exception_ptr error;
  try {
    queue.emplace(
        world, group, static_cast<std::int64_t>(prepared.pending.size()),
        session.config.output.work_distribution == config::WorkDistribution::fixed
            ? parallel::Distribution::fixed
            : parallel::Distribution::dynamic,
        [&] { return stop.wanted(); });
    const auto next = [&] {
      const Stopwatch watch(maker.timings().waiting);
      return queue->next(selection_has_ended(kept, group.ranks)
                             ? parallel::StopRequest::stop
                             : parallel::StopRequest::none);
    };
    while (const auto item = next()) {
      const auto shard = prepared.pending[static_cast<std::size_t>(*item)];
      const RowRange rows = session.plan.rows_of(shard);
      progress.begin_shard(rows.count);
      heartbeat.begin_shard(shard, rows.count);
      maker.make(shard, rows, task.folder.shard(shard));
      progress.end_shard();
      heartbeat.end_shard();
    }
    stopped = queue->stopped();
  } catch (...) {
    error = std::current_exception();
  }
  // Tells the other groups of an error, and waits for them.
  queue.reset();
  world.agree(error);
  // A selection that has its rows, or is given up, leaves shards, too.
  const bool ended = world.any(selection_has_ended(kept, world));
  Made made{.stopped = world.any(stopped) && !ended,
            .rows_written = world.sum(maker.rows_written()),
            .timings = maker.timings()};
  const auto coarse = world.sum(maker.coarse_rows());
  const auto rows = made.rows_written;
  if (coarse > 0) {
    log.warning(fmt::format(
        "output.encoding int16: in {} of {} rows the steps are above half the "
        "noise, which they round away (a bright pixel stretches a stamp's "
        "range): use float32",
        grouped(coarse), grouped(rows)));
  }
  if (made.stopped) stop.explain();
  return made;
}

/// Print how fast it went and who was slow; what to keep of it for the job's record.
nlohmann::json say_speed(const Session& session, const Made& made, double wall_s,
                         double seconds, std::int64_t row_bytes,
                         const std::string& stem, const Communicator& world, Log& log) {
  const auto ranks = gather_rank_times(made.timings, wall_s, world);
  nlohmann::json results;
  world.agree([&] {
    if (!world.is_root()) return;
    std::vector<std::string> names;
    for (const auto& stage : session.chain().stages()) {
      names.emplace_back(stages::to_string(stage->step()));
    }
    std::int64_t rows = 0;
    std::int64_t memory = 0;
    for (const auto& times : ranks) {
      rows += times.rows;
      memory = std::max(memory, times.peak_memory_bytes);
    }
    const double rate = static_cast<double>(rows) / seconds;
    const double busy = efficiency(ranks);
    log.result(fmt::format(
        "{} {} in {:.1f} s on {} rank{}: {} injections/s ({} per rank), {} MB/s\n"
        "time: {}\n"
        "memory: at most {} MiB per rank\n"
        "efficiency: {:.0f} % of the ranks' time went into rows",
        grouped(rows), session.selection ? "candidates" : "rows", seconds, world.size(),
        world.size() == 1 ? "" : "s", grouped(std::llround(rate)),
        grouped(std::llround(rate / world.size())),
        grouped(std::llround(static_cast<double>(made.rows_written * row_bytes) /
                             seconds / 1.0e6)),
        shares_of_time(ranks, names), memory >> 20, 100.0 * busy));
    const std::string slow = stragglers(ranks);
    if (!slow.empty()) log.warning("stragglers:\n" + slow);
    results = {{"rows_made", rows},
               {"seconds", seconds},
               {"rows_per_s", rate},
               {"efficiency", busy},
               {"peak_memory_bytes", memory}};
    io::write_text(stem + ".ranks.jsonl", rank_lines(ranks, names));
  });
  return results;
}

/// What remains when the shards are made: a word, or the virtual file and the tables.
ExitCode conclude(const Session& session, const ShardRange& selection, bool stopped,
                  std::optional<KeptSoFar>& kept, const RunFolder& folder,
                  const Communicator& world, Log& log) {
  if (stopped) {
    log.warning(
        "stopped on request; the finished shards are kept: run again with "
        "--resume");
    return ExitCode::interrupted;
  }
  if (selection != session.plan.all()) {
    bool hopeless = false;
    world.agree([&] {
      if (!selection_has_ended(kept, world) || !kept->hopeless()) return;
      hopeless = true;
      log.error(kept->explanation());
    });
    if (world.any(hopeless)) return ExitCode::bad_data;
    log.info(fmt::format("{}; `lensmill finalize {}` when all jobs have ended",
                         kept && kept->reached()
                             ? "the run has all its rows"
                             : fmt::format("shards {} to {} are there", selection.first,
                                           selection.end - 1),
                         folder.path()));
    return ExitCode::ok;
  }
  return finish_run(folder.path(), world, log);
}

void say_plan(const Session& session, const ShardRange& selection,
              std::size_t row_bytes, const RunFolder& folder, Log& log) {
  const auto& plan = session.plan;
  const auto rows =
      session.selection
          ? fmt::format("{} rows, kept of at most {} candidates,",
                        grouped(session.wanted_rows()), grouped(plan.rows))
          : grouped(plan.rows) + " rows";
  log.info(fmt::format(
      "{}: {} of {} in {} shards of {}{}", folder.path(), rows,
      bytes_text(static_cast<double>(row_bytes)), plan.shards(), plan.rows_per_shard,
      selection == plan.all() ? ""
                              : fmt::format("; this job: shards {} to {}",
                                            selection.first, selection.end - 1)));
}

/// What a selection has so far. Shards that it needs no more are not made: with all its
/// rows there, and when it has been given up. \collective
std::optional<KeptSoFar> look_at_selection(const Session& session,
                                           const RunFolder& folder,
                                           PreparedFolder& prepared,
                                           const Communicator& world) {
  std::optional<KeptSoFar> kept;
  if (!session.selection) return kept;
  kept.emplace(folder, session.plan, session.wanted_rows(),
               session.config.catalogue.keep.min_acceptance);
  bool ended = false;
  world.agree([&] { ended = selection_has_ended(kept, world); });
  if (world.any(ended)) prepared.pending.clear();
  return kept;
}

}  // namespace

ExitCode run_job(const config::RunConfig& config, const RunOptions& options,
                 const Communicator& world, Log& log) {
  const auto start = std::chrono::steady_clock::now();
  const RunFolder folder(config.output.directory, config.run.name);
  announce_stop_signals(folder, log);
  // From here on: a signal while inputs are opened must end the job in good order, too.
  const StopSignals signals;
  // What the environment says is refused before the minutes that opening the inputs may
  // take.
  std::optional<std::int64_t> epoch;
  world.agree([&] {
    epoch = io::source_date_epoch();
    parallel::io_limit_seconds();
    io::claim_times_from_environment();
  });
  world.agree([&] { check_lengths_of_names(folder); });
  auto prepare = options.prepare;
  // Several jobs that fill one run each find what the others have begun.
  if (options.shards && prepare.existing == Existing::refuse) {
    prepare.existing = Existing::resume;
  }
  const bool goes_on =
      prepare.existing == Existing::resume || prepare.existing == Existing::extend;
  const bool same_level = goes_on && !prepare.accept_different_build;
  const auto level =
      agree_on_level(world, same_level ? level_of_shards(folder, world) : "");

  const Session session = open_session(config, world, log);
  ShardRange selection = session.plan.all();
  if (options.shards) selection = parse_shards(*options.shards, session.plan);
  const ResultBatch layout(session.chain(), session.rows().carried());
  const auto row_bytes = layout.row_bytes();
  say_plan(session, selection, row_bytes, folder, log);
  // How many a selection needs is not known before.
  if (!session.selection && session.plan.shards() > many_shards) {
    log.warning(fmt::format(
        "{} shards: above {} the file over all shards takes minutes and gigabytes of "
        "memory to make; a larger output.rows_per_shard gives fewer",
        grouped(session.plan.shards()), grouped(many_shards)));
  }
  if (options.dry_run) {
    log.result(config.resolved_yaml);
    log.info("dry run: nothing was written");
    return ExitCode::ok;
  }
  const PsfCheck psf_check = require_psfs(session, world, log);

  Provenance provenance =
      make_provenance(session, options.command_line, psf_check, level, world);
  provenance.source_date_epoch = epoch;
  share_facts(provenance, world);
  const RunIdentity identity{
      .config_hash = config_hash(config.resolved_yaml, session.opened.files),
      .instruction_level = level,
      .build_fingerprint = build_fingerprint()};
  std::vector<GatingRun> gates;
  world.agree([&] {
    if (!world.is_root()) return;
    for (const auto& path : options.gated_by) {
      gates.push_back(read_gating_run(path, folder));
    }
  });
  const JobTask task{folder,   session.plan, selection,
                     identity, provenance,   layout.datasets()};
  PreparedFolder prepared = prepare_folder(task, prepare, world, log);
  std::optional<KeptSoFar> kept = look_at_selection(session, folder, prepared, world);
  world.agree([&] { log.also_to(fmt::format("{}/{}", folder.log(), io::utc_now())); });
  log.info(
      version_line() + ", started as: " +
      std::get<std::string>(
          std::ranges::find(provenance.facts, "command_line", &Fact::name)->value));
  if (prepared.complete > 0) {
    log.info(fmt::format("{} shards are there already, {} to make", prepared.complete,
                         prepared.pending.size()));
  }

  if (!prepared.pending.empty()) warn_of_margin(session, world, log);

  JobRecord record = begin_record(session, gates, task, world);
  std::string stem = record.stem();
  world.broadcast(stem);
  const auto making = std::chrono::steady_clock::now();
  const Made made = make_shards(session, task, prepared, kept, stem, world, log);
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> wall = now - making;
  const std::chrono::duration<double> spent = now - start;
  nlohmann::json results = nlohmann::json::object();
  if (!prepared.pending.empty()) {
    results = say_speed(session, made, wall.count(), spent.count(),
                        static_cast<std::int64_t>(row_bytes), stem, world, log);
  }
  const ExitCode code =
      conclude(session, selection, made.stopped, kept, folder, world, log);
  world.agree([&] {
    record.end(code, results);
    // Jobs of an array leave it to finalize: each would read the records of all.
    if (world.is_root() && selection == session.plan.all()) write_prov_file(folder);
  });
  return code;
}

}  // namespace lensmill::pipeline
