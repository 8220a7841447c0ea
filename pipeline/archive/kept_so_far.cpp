#include "pipeline/archive/kept_so_far.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "pipeline/archive/shard_header.hpp"

namespace lensmill::pipeline {

bool acceptance_is_below(double least, const measure::SelectionCounts& counts) {
  // Upper end of Wilson's score interval for a small share: with none kept 9 over the
  // number of candidates.
  constexpr double sigmas = 3.0;
  constexpr double z2 = sigmas * sigmas;
  const auto kept = static_cast<double>(counts.kept);
  const double most = kept + 0.5 * z2 + sigmas * std::sqrt(kept + 0.25 * z2);
  return most < least * static_cast<double>(counts.candidates);
}

KeptSoFar::KeptSoFar(RunFolder folder, ShardPlan blocks, std::int64_t wanted,
                     double min_acceptance)
    : folder_(std::move(folder)),
      blocks_(std::move(blocks)),
      wanted_(wanted),
      min_acceptance_(min_acceptance) {}

bool KeptSoFar::is_hopeless() const {
  if (reached()) return false;
  return record_.counts.candidates >= blocks_.rows ||
         acceptance_is_below(min_acceptance_, record_.counts);
}

void KeptSoFar::look() {
  while (!ended()) {
    const auto shard = static_cast<std::int64_t>(kept_.size());
    if (shard >= blocks_.shards()) return;
    const std::string path = folder_.shard(shard);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return;
    try {
      const auto header = ShardHeader::read(open_shard_file(path));
      if (!header.selection || header.index != shard ||
          header.rows != blocks_.rows_of(shard)) {
        return;
      }
      record_.criteria = header.selection->criteria;
      record_.counts += header.selection->counts;
      kept_.push_back(header.selection->counts.kept);
    } catch (const Error&) {
      return;  // said by those who read its rows, or make it again
    }
    hopeless_ = is_hopeless();
  }
}

std::int64_t KeptSoFar::rows() const { return std::min(record_.counts.kept, wanted_); }

ShardPlan KeptSoFar::plan() const {
  ShardPlan plan{
      .rows = rows(), .rows_per_shard = blocks_.rows_per_shard, .starts = {0}};
  for (const auto kept : kept_) {
    plan.starts.push_back(std::min(plan.starts.back() + kept, plan.rows));
  }
  return plan;
}

std::string KeptSoFar::explanation() const {
  return fmt::format(
      "catalogue.keep: {} rows wanted, but {}: fewer than "
      "catalogue.keep.min_acceptance "
      "({:g}) allows; what was made is kept: loosen what keeps fewest, in another "
      "--output, or lower min_acceptance and continue with --resume",
      grouped(wanted_), to_text(record_), min_acceptance_);
}

}  // namespace lensmill::pipeline
