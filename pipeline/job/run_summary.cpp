#include "pipeline/job/run_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "lib/analysis/summary_tables.hpp"
#include "lib/core/status.hpp"
#include "lib/core/text.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/archive/read_table.hpp"

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

void add_shard(const io::hdf5::File& file, analysis::SummaryTables& tables) {
  const auto catalogue = file.open_group("catalogue");
  const auto measurements = file.open_group("measurements");
  const auto rows =
      static_cast<std::int64_t>(measurements.open_dataset("status").rows());
  for (std::int64_t first = 0; first < rows; first += block_rows) {
    const RowRange range{first, std::min(block_rows, rows - first)};
    tables.add(
        read_table(catalogue, analysis::summary_catalogue_columns(), range),
        read_table(measurements, analysis::summary_measurement_columns(), range));
  }
}

}  // namespace

RunSummary summarise(const RunOnDisk& run, const parallel::Communicator& world) {
  const auto& folder = run.folder;
  const auto& plan = run.plan;
  analysis::SummaryTables tables({.pixel_scale_arcsec = run.pixel_scale_arcsec,
                                  .bands = run.bands,
                                  .aperture_radius_pix = run.aperture_radius_pix,
                                  .aperture = run.config.at("measure.aperture_mask")});
  std::int64_t shards = 0;
  world.agree([&] {
    for (auto shard = std::int64_t{world.rank()}; shard < plan.shards();
         shard += world.size()) {
      if (!std::filesystem::exists(folder.shard(shard))) continue;
      add_shard(open_shard(run, shard).file, tables);
      ++shards;
    }
  });
  // Integers: the sum is the same in any order.
  world.sum(tables.state());
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
