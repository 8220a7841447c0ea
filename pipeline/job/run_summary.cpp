#include "pipeline/job/run_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "lib/analysis/stamp_columns.hpp"
#include "lib/analysis/summary_tables.hpp"
#include "lib/core/status.hpp"
#include "lib/core/text.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/archive/read_table.hpp"
#include "pipeline/program/steps.hpp"

namespace lensmill::pipeline {
namespace {

// Rows read at a time: bounds the memory.
constexpr std::int64_t block_rows = 16384;

/// "ok 19,990, ring 8, no_flux 2"
std::string status_text(const analysis::SummaryNumbers& numbers) {
  std::vector<analysis::StatusCount> counts{
      {Status::ok, numbers.counted - numbers.rings - numbers.unlensed},
      {Status::ring, numbers.rings},
      {Status::unlensed, numbers.unlensed}};
  counts.insert(counts.end(), numbers.failed.begin(), numbers.failed.end());
  std::vector<std::string> texts;
  for (const auto& [status, rows] : counts) {
    if (rows > 0)
      texts.push_back(fmt::format("{} {}", to_string(status), grouped(rows)));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

void add_shard(const RunOnDisk& run, std::int64_t shard,
               analysis::SummaryTables& tables) {
  const auto file = open_shard(run, shard).file;
  const auto truth = file.open_group("catalogue");
  const auto measured = file.open_group("measurements");
  // Fewer than planned where a run is being extended, more at the end of a selection.
  const auto rows =
      std::min(static_cast<std::int64_t>(measured.open_dataset("status").rows()),
               run.plan.rows_of(shard).count);
  for (std::int64_t first = 0; first < rows; first += block_rows) {
    const RowRange range{first, std::min(block_rows, rows - first)};
    const auto read = [&](const io::hdf5::Group& group, std::string_view name) {
      return read_table(
          group, analysis::stamp_columns(name, analysis::StampUse::summary), range);
    };
    const Table catalogue = read(truth, "catalogue");
    const Table measurements = read(measured, "measurements");
    const analysis::StampReader reader(
        catalogue, measurements, run.bands, run.aperture_radius_pix.size(),
        analysis::reported_core(run.bands, run.aperture_radius_pix));
    for (std::size_t row = 0; row < reader.rows(); ++row) tables.add(reader.read(row));
  }
}

}  // namespace

RunSummary summarise(const RunOnDisk& run, const parallel::Communicator& world,
                     Log& log) {
  const auto& folder = run.folder;
  const auto& plan = run.plan;
  analysis::SummaryTables tables({.pixel_scale_arcsec = run.pixel_scale_arcsec,
                                  .bands = run.bands,
                                  .aperture_radius_pix = run.aperture_radius_pix,
                                  .aperture = run.config.at("measure.aperture_mask")});
  std::int64_t shards = 0;
  Steps steps(log, "shards looked at", plan.shards(), world.size());
  world.agree([&] {
    check_end_of_selection(run);
    for (auto shard = std::int64_t{world.rank()}; shard < plan.shards();
         shard += world.size()) {
      steps.done();
      if (!std::filesystem::exists(folder.shard(shard))) continue;
      add_shard(run, shard, tables);
      ++shards;
    }
  });
  // Integers: the sum is the same in any order.
  for (const auto part : tables.state()) world.sum(part);
  const auto numbers = tables.numbers();
  RunSummary summary{.rows = numbers.rows,
                     .shards = world.sum(shards),
                     .failed = 0,
                     .statuses = status_text(numbers),
                     .tables = tables.text()};
  for (const auto& count : numbers.failed) summary.failed += count.rows;
  return summary;
}

}  // namespace lensmill::pipeline
