#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/archive/run_folder.hpp"
#include "pipeline/archive/selection_record.hpp"
#include "pipeline/archive/shard_plan.hpp"

namespace lensmill::pipeline {

/// What a run with `catalogue.keep` has so far, told from its shards alone. A shard is
/// a fixed block of candidates and contains those that are kept; the run's rows are the
/// first `wanted` kept ones in the order of the candidates. So they are known from the
/// first shard on as far as none is missing, whoever makes the shards in whatever
/// order. Shards beyond the last row's, and the last shard's rows beyond it, are no
/// part of the run.
class KeptSoFar {
 public:
  /// \param blocks of candidates, as many as the run may try
  KeptSoFar(RunFolder folder, ShardPlan blocks, std::int64_t wanted,
            double min_acceptance);

  /// Take in the shards that are there now; one that is damaged is as one that is not.
  /// Looks no further once the run has ended. \independent
  void look();

  /// Over the shards that count, whole: also what lies beyond the run's last row.
  const SelectionRecord& record() const { return record_; }
  std::int64_t wanted() const { return wanted_; }
  /// Rows of the run that are there.
  std::int64_t rows() const;
  /// All rows are there: no further shard belongs to the run.
  bool reached() const { return record_.counts.kept >= wanted_; }
  /// The run ends without its rows: too few of the candidates are kept (beyond chance),
  /// or all that may be tried have been. Depends on the shards in their order alone.
  bool hopeless() const { return hopeless_; }
  bool ended() const { return reached() || hopeless(); }
  /// Which rows of the run are in which shard, as far as they are there.
  ShardPlan plan() const;
  /// Rows that a shard of the plan contains: of the last one perhaps more than count.
  std::int64_t kept_in(std::int64_t shard) const {
    return kept_.at(static_cast<std::size_t>(shard));
  }
  /// Why the run is hopeless, and what to do.
  std::string explanation() const;

 private:
  bool is_hopeless() const;

  RunFolder folder_;
  ShardPlan blocks_;
  std::int64_t wanted_;
  double min_acceptance_;
  SelectionRecord record_;
  std::vector<std::int64_t> kept_;  ///< by the shards that count
  bool hopeless_ = false;
};

/// Whether fewer of all candidates are kept than `least`, told from some: the share
/// lies below it by more than three standard deviations.
bool acceptance_is_below(double least, const measure::SelectionCounts& counts);

}  // namespace lensmill::pipeline
