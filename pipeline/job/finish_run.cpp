#include "pipeline/job/finish_run.hpp"

#include <fmt/format.h>

#include "lib/core/text.hpp"
#include "pipeline/archive/open_files.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/archive/virtual_file.hpp"
#include "pipeline/job/run_summary.hpp"

namespace lensmill::pipeline {

ExitCode finish_run(const std::string& path, const parallel::Communicator& world,
                    Log& log) {
  const RunOnDisk run = open_run(path, world);
  const auto& plan = run.plan;
  // Looks at every shard: no file over one that is damaged or of another run.
  const RunSummary summary = summarise(run, world, log);
  world.agree([&] {
    if (world.is_root()) write_virtual_file(run);
  });
  if (summary.rows > 0) log.result(summary.tables);
  log.result(fmt::format("{}: {} of {} rows in {} of {} shards; status: {}",
                         run.folder.virtual_file(), grouped(summary.rows),
                         grouped(run.wanted_rows()), summary.shards, plan.shards(),
                         summary.statuses));
  if (run.kept) log.result("catalogue.keep: " + to_text(run.kept->record()));
  const auto many = open_files_warning(summary.shards, run.folder.virtual_file());
  if (!many.empty()) log.warning(many);
  if (run.kept && run.kept->hopeless()) {
    log.error(run.kept->explanation());
    return ExitCode::bad_data;
  }
  if (summary.shards < plan.shards() || run.lacks_rows()) {
    log.warning("shards are missing: continue with `lensmill run ... --resume`");
    return ExitCode::interrupted;
  }
  // Of a selection the candidates count: rows that failed are not kept.
  const auto failed = run.kept ? run.kept->record().counts.failed : summary.failed;
  const auto tried = run.kept ? run.kept->record().counts.candidates : plan.rows;
  const double failed_fraction =
      static_cast<double>(failed) / static_cast<double>(tried);
  if (failed_fraction > run.max_failed_fraction) {
    log.error(fmt::format(
        "{} of {} {} failed, more than run.max_failed_fraction allows ({}); the output "
        "is kept{}",
        grouped(failed), grouped(tried), run.kept ? "candidates" : "rows",
        run.max_failed_fraction, run.kept ? "" : ": see /measurements/status"));
    return ExitCode::bad_data;
  }
  return ExitCode::ok;
}

}  // namespace lensmill::pipeline
