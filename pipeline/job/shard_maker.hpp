#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/catalogue/rows.hpp"
#include "lib/measure/selection.hpp"
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
  const measure::Selection* selection = nullptr;  ///< of `catalogue.keep`
  std::size_t kept_bytes = kept_budget_bytes;     ///< of kept rows in memory
};

/// Makes shards by one group of ranks: each rank runs the chain over its part of the
/// rows and the group writes together, some rows at a time, so that memory is bounded.
/// With a selection, each tries its part of the candidates first; then the group knows
/// how many rows the shard has. Kept rows stay in memory until they are written; those
/// beyond kept_budget_bytes are rendered again.
class ShardMaker {
 public:
  /// `row_done` is called after every row that this rank has rendered.
  ShardMaker(const parallel::Communicator& group, ShardRecipe recipe,
             std::function<void()> row_done = {});

  /// Make shard `index` of these rows of the catalogue at `path`. \collective over the
  /// group; errors are agreed on. \throws DataError (a row that cannot be drawn),
  /// IoError
  void make(std::int64_t index, const RowRange& rows, const std::string& path);

  const Timings& timings() const { return timings_; }
  Timings& timings() { return timings_; }
  /// Of this rank (ResultBatch::coarse_rows).
  std::int64_t coarse_rows() const { return batch_.coarse_rows(); }
  /// Rows written by this rank.
  std::int64_t rows_written() const { return rows_written_; }

 private:
  /// What this rank writes of a shard.
  struct Part {
    std::int64_t first = 0;    ///< row of the shard that its rows start at
    std::int64_t count = 0;    ///< of its rows
    std::int64_t largest = 0;  ///< count of the rank with most
    /// The rows of the catalogue; empty: `count` from `first` on.
    std::vector<std::int64_t> chosen{};
  };
  void render(const catalogue::RowBlock& block, std::size_t row);
  /// Fill the batch with rows [done, done + count) of the part.
  void render(const Part& part, const RowRange& shard_rows, std::int64_t done,
              std::int64_t count);
  Part all_rows(const RowRange& rows) const;
  /// Try the candidates; the batch then contains the first of those that are kept.
  /// \collective; errors are agreed on
  Part select(const RowRange& candidates, measure::SelectionCounts& counts);

  const parallel::Communicator& group_;
  ShardRecipe recipe_;
  std::function<void()> row_done_;
  stages::Stamp stamp_;
  ResultBatch batch_;
  std::int64_t step_ = 1;  ///< rows in memory
  std::int64_t rows_written_ = 0;
  Timings timings_;
};

}  // namespace lensmill::pipeline
