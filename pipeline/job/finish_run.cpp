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
  const RunSummary summary = summarise(run, world);
  world.agree([&] {
    if (world.is_root()) write_virtual_file(run);
  });
  if (summary.rows > 0) log.result(summary.tables);
  log.result(fmt::format("{}: {} of {} rows in {} of {} shards; status: {}",
                         run.folder.virtual_file(), grouped(summary.rows),
                         grouped(plan.rows), summary.shards, plan.shards(),
                         summary.statuses));
  const auto many = open_files_warning(summary.shards, run.folder.virtual_file());
  if (!many.empty()) log.warning(many);
  if (summary.shards < plan.shards()) {
    log.warning("shards are missing: continue with `lensmill run ... --resume`");
    return ExitCode::interrupted;
  }
  const double failed_fraction =
      static_cast<double>(summary.failed) / static_cast<double>(plan.rows);
  if (failed_fraction > run.max_failed_fraction) {
    log.error(fmt::format(
        "{} of {} rows failed, more than run.max_failed_fraction allows ({}); the "
        "output "
        "is kept: see /measurements/status",
        grouped(summary.failed), grouped(plan.rows), run.max_failed_fraction));
    return ExitCode::bad_data;
  }
  return ExitCode::ok;
}

}  // namespace lensmill::pipeline
