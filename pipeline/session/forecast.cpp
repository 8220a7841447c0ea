#include "pipeline/session/forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lib/core/text.hpp"

namespace lensmill::pipeline {
namespace {

// Nodes differ in speed and disks are shared; start-up, tables and the file over all
// shards come on top.
constexpr double margin = 1.5;
constexpr double extra_seconds = 600.0;
constexpr double step_seconds = 600.0;
constexpr double longest_seconds = 86400.0;  // what many sites allow
// What the batch script keeps of a time limit for stopping in good order.
constexpr double lead_seconds = 180.0;

constexpr std::int64_t memory_step_mib = 128;
constexpr std::int64_t least_memory_mib = 256;

std::string shell_word(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./=:,@%+-").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted.append("'\\''");
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('\'');
  return quoted;
}

}  // namespace

RunForecast forecast_run(const ShardPlan& plan, const RunCost& cost, int ranks,
                         double disk_mb_per_s) {
  const auto rows = static_cast<double>(plan.rows);
  const auto shard_rows = static_cast<double>(std::min(plan.rows, plan.rows_per_shard));
  const auto row_bytes = static_cast<double>(cost.row_bytes);
  // run.yaml, NAME.h5, provenance.json; in log/: run_id, the lock, and of one job with
  // one group its log, record, ranks' times and signs of life.
  constexpr std::int64_t files_beside_shards = 9;
  RunForecast f{.compute_seconds = rows * cost.seconds_per_row / ranks,
                .writing_seconds = rows * row_bytes / (disk_mb_per_s * 1.0e6),
                .shard_seconds = shard_rows * cost.seconds_per_row,
                .bytes = rows * row_bytes,
                .shard_bytes = shard_rows * row_bytes,
                .files = plan.shards() + files_beside_shards};
  f.seconds = std::max(f.compute_seconds, f.writing_seconds);
  const double wanted = margin * f.seconds + extra_seconds;
  const double limit =
      std::min(std::ceil(wanted / step_seconds) * step_seconds, longest_seconds);
  f.time_limit_minutes = std::llround(limit / 60.0);
  if (wanted > longest_seconds) {
    f.starts = std::llround(
        std::min(std::ceil(wanted / (longest_seconds - lead_seconds)), 1.0e9));
  }
  return f;
}

ExpectedSelection expect_selection(const measure::SelectionCounts& sample,
                                   const ShardPlan& blocks, std::int64_t wanted,
                                   double min_acceptance) {
  constexpr double z = 1.96;
  const auto n = static_cast<double>(std::max<std::int64_t>(1, sample.candidates));
  const double share = static_cast<double>(sample.kept) / n;
  const double middle = share + 0.5 * z * z / n;
  const double half = z * std::sqrt(share * (1.0 - share) / n + 0.25 * z * z / (n * n));
  const double scale = 1.0 + z * z / n;
  ExpectedSelection expected{.acceptance = sample.kept > 0 ? share : min_acceptance,
                             .low = std::max(0.0, (middle - half) / scale),
                             .high = std::min(1.0, (middle + half) / scale),
                             .plan = blocks};
  const double candidates = static_cast<double>(wanted) / expected.acceptance;
  const auto per_shard = static_cast<double>(blocks.rows_per_shard);
  expected.plan.rows = static_cast<std::int64_t>(std::min(
      static_cast<double>(blocks.rows), std::ceil(candidates / per_shard) * per_shard));
  return expected;
}

std::string to_text(const ExpectedSelection& expected, std::int64_t wanted,
                    const RunCost& cost) {
  return fmt::format(
      "about {:.3g} % of candidates, {:.3g} to {:.3g} % by the sample: {} candidates "
      "in "
      "whole shards for {} rows; {:.3g} ms of one core per kept row",
      100.0 * expected.acceptance, 100.0 * expected.low, 100.0 * expected.high,
      grouped(expected.plan.rows), grouped(wanted),
      1000.0 * cost.seconds_per_row / expected.acceptance);
}

std::string sbatch_line(const RunForecast& forecast, const RunCost& cost, int ranks,
                        const std::vector<std::string>& arguments) {
  const double mib = margin * static_cast<double>(cost.memory_bytes) / (1 << 20);
  const auto steps = std::llround(std::ceil(mib / memory_step_mib));
  auto line = fmt::format(
      "sbatch --ntasks={} --time={:02}:{:02}:00 --mem-per-cpu={}M "
      "jobs/regenerate.sbatch",
      ranks, forecast.time_limit_minutes / 60, forecast.time_limit_minutes % 60,
      std::max<std::int64_t>(least_memory_mib, steps * memory_step_mib));
  for (const auto& argument : arguments)
    line.append(1, ' ').append(shell_word(argument));
  if (forecast.starts > 1) {
    line +=
        fmt::format("\n        (it will be requeued: about {} starts of a day each)",
                    forecast.starts);
  }
  return line;
}

}  // namespace lensmill::pipeline
