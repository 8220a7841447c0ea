#pragma once

#include <functional>

#include "lib/catalogue/rows.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/archive/result_batch.hpp"
#include "pipeline/archive/shard_header.hpp"
#include "pipeline/session/timings.hpp"
#include "stages/chain.hpp"

namespace lensmill::pipeline {

/// What every shard of a run is made from.
struct ShardRecipe {
  const stages::Chain& chain;
  const catalogue::Rows& rows;
  std::int64_t run_rows = 0;
  RunIdentity identity;
  const Provenance& provenance;
  std::string job{};  ///< part of partial files' names (ShardWriter)
};

/// Makes shards by one group of ranks: each rank runs the chain over its part of the
/// rows and the group writes together, some rows at a time, so that memory is bounded.
class ShardMaker {
 public:
  /// `row_done` is called after every row of this rank.
  ShardMaker(const parallel::Communicator& group, ShardRecipe recipe,
             std::function<void()> row_done = {});

  /// Make shard `index` with these rows at `path`. \collective over the group; errors
  /// are agreed on. \throws DataError (a row that cannot be drawn), IoError
  void make(std::int64_t index, const RowRange& rows, const std::string& path);

  const Timings& timings() const { return timings_; }
  Timings& timings() { return timings_; }
  /// Of this rank (ResultBatch::coarse_rows).
  std::int64_t coarse_rows() const { return batch_.coarse_rows(); }

 private:
  void render(const RowRange& rows);

  const parallel::Communicator& group_;
  ShardRecipe recipe_;
  std::function<void()> row_done_;
  stages::Stamp stamp_;
  ResultBatch batch_;
  Timings timings_;
};

}  // namespace lensmill::pipeline
