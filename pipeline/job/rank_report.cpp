#include "pipeline/job/rank_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "lib/core/statistics.hpp"
#include "lib/io/this_process.hpp"

namespace lensmill::pipeline {
namespace {

using nlohmann::json;

json to_json(const RankTimes& times) {
  return {
      {"rank", times.rank},           {"host", times.host},
      {"rows", times.rows},           {"stages_s", times.stages_s},
      {"reading_s", times.reading_s}, {"checksums_s", times.checksums_s},
      {"writing_s", times.writing_s}, {"waiting_s", times.waiting_s},
      {"wall_s", times.wall_s},       {"peak_memory_bytes", times.peak_memory_bytes}};
}

RankTimes from_json(const json& object) {
  return {.rank = object.at("rank"),
          .host = object.at("host"),
          .rows = object.at("rows"),
          .stages_s = object.at("stages_s"),
          .reading_s = object.at("reading_s"),
          .checksums_s = object.at("checksums_s"),
          .writing_s = object.at("writing_s"),
          .waiting_s = object.at("waiting_s"),
          .wall_s = object.at("wall_s"),
          .peak_memory_bytes = object.at("peak_memory_bytes")};
}

double per_row(const RankTimes& times) {
  return times.rendering_s() / static_cast<double>(times.rows);
}

}  // namespace

double RankTimes::rendering_s() const {
  return std::accumulate(stages_s.begin(), stages_s.end(), 0.0);
}

std::vector<RankTimes> gather_rank_times(const Timings& timings, double wall_s,
                                         const parallel::Communicator& world) {
  const RankTimes own{.rank = world.rank(),
                      .host = io::host_name(),
                      .rows = timings.rows,
                      .stages_s = timings.stages,
                      .reading_s = timings.reading,
                      .checksums_s = timings.checksums,
                      .writing_s = timings.writing,
                      .waiting_s = timings.waiting,
                      .wall_s = wall_s,
                      .peak_memory_bytes = peak_memory_bytes()};
  std::vector<RankTimes> ranks;
  for (const auto& text : world.gather(to_json(own).dump())) {
    ranks.push_back(from_json(json::parse(text)));
  }
  return ranks;
}

std::string rank_lines(const std::vector<RankTimes>& ranks,
                       const std::vector<std::string>& stage_names) {
  std::string lines;
  for (const auto& times : ranks) {
    json line = to_json(times);
    json stages = json::object();
    for (std::size_t k = 0; k < stage_names.size(); ++k) {
      stages[stage_names[k]] = times.stages_s.at(k);
    }
    line["stages_s"] = std::move(stages);
    line["rows_per_s"] =
        times.wall_s > 0.0 ? static_cast<double>(times.rows) / times.wall_s : 0.0;
    lines += line.dump() + "\n";
  }
  return lines;
}

std::string shares_of_time(const std::vector<RankTimes>& ranks,
                           const std::vector<std::string>& stage_names) {
  std::vector<std::string> names = stage_names;
  names.insert(names.end(), {"reading", "checksums", "writing", "waiting"});
  std::vector<double> seconds(names.size());
  for (const auto& times : ranks) {
    std::vector<double> parts = times.stages_s;
    parts.insert(parts.end(), {times.reading_s, times.checksums_s, times.writing_s,
                               times.waiting_s});
    for (std::size_t k = 0; k < seconds.size(); ++k) seconds[k] += parts.at(k);
  }
  const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  std::vector<std::string> shares;
  shares.reserve(names.size());
  for (std::size_t k = 0; k < names.size(); ++k) {
    shares.push_back(fmt::format("{} {:.0f} %", names[k],
                                 total > 0.0 ? 100.0 * seconds[k] / total : 0.0));
  }
  return fmt::format("{}", fmt::join(shares, ", "));
}

double efficiency(const std::vector<RankTimes>& ranks) {
  double busy = 0.0;
  double wall = 0.0;
  for (const auto& times : ranks) {
    busy += times.rendering_s() + times.reading_s + times.checksums_s + times.writing_s;
    wall += times.wall_s;
  }
  return wall > 0.0 ? busy / wall : 0.0;
}

std::string stragglers(const std::vector<RankTimes>& ranks) {
  std::vector<RankTimes> with_rows;
  std::vector<double> times_per_row;
  for (const auto& times : ranks) {
    if (times.rows == 0) continue;
    with_rows.push_back(times);
    times_per_row.push_back(per_row(times));
  }
  if (with_rows.size() < 2) return "";
  const double usual = median(std::span(times_per_row));
  std::ranges::sort(with_rows, std::greater<>(), per_row);
  std::string text;
  constexpr std::size_t most_named = 5;
  std::size_t slow = 0;
  for (const auto& times : with_rows) {
    if (per_row(times) <= slow_factor * usual) break;
    if (++slow > most_named) continue;
    text += fmt::format(
        "{}rank {} on {} took {:.1f} times the median time per row ({:.2f} ms, median "
        "{:.2f} ms)",
        text.empty() ? "" : "\n", times.rank, times.host, per_row(times) / usual,
        1.0e3 * per_row(times), 1.0e3 * usual);
  }
  if (slow > most_named) text += fmt::format("\nand {} more ranks", slow - most_named);
  return text;
}

}  // namespace lensmill::pipeline
