#include "pipeline/job/shard_maker.hpp"

#include <algorithm>
#include <utility>

#include "pipeline/job/shard_writer.hpp"

namespace lensmill::pipeline {

ShardMaker::ShardMaker(const parallel::Communicator& group, ShardRecipe recipe,
                       std::function<void()> row_done)
    : group_(group),
      recipe_(std::move(recipe)),
      row_done_(std::move(row_done)),
      stamp_(recipe_.chain.make_stamp()),
      batch_(recipe_.chain, recipe_.rows.carried()) {
  timings_.stages.assign(recipe_.chain.stages().size(), 0.0);
}

void ShardMaker::render(const RowRange& rows) {
  catalogue::RowBlock block;
  {
    const Stopwatch watch(timings_.reading);
    block = recipe_.rows.read(rows.first, rows.count);
  }
  batch_.resize(block.rows());
  for (std::size_t row = 0; row < block.rows(); ++row) {
    recipe_.chain.apply(block.injection_id[row], block.row(row), stamp_,
                        timings_.stages);
    batch_.store(row, stamp_);
    batch_.store_carried(row, block.carried, row);
    ++timings_.rows;
    if (row_done_) row_done_();
  }
}

void ShardMaker::make(std::int64_t index, const RowRange& rows,
                      const std::string& path) {
  const auto& config = recipe_.chain.config();
  const ShardHeader header{.index = index,
                           .rows = rows,
                           .run_rows = recipe_.run_rows,
                           .identity = recipe_.identity,
                           .bands = config.bands,
                           .aperture_radius_pix = config.measure.aperture_radius_pix};
  const RowRange share = rank_share(rows.count, group_.rank(), group_.size());
  // The last rank's share is never the smallest by more than a block: all ranks take as
  // many steps as the largest share needs.
  std::int64_t largest = 0;
  for (int rank = 0; rank < group_.size(); ++rank) {
    largest = std::max(largest, rank_share(rows.count, rank, group_.size()).count);
  }
  const std::int64_t step = rows_in_memory(batch_.row_bytes(), batch_budget_bytes);

  std::optional<ShardWriter> writer;
  {
    const Stopwatch watch(timings_.writing);
    writer.emplace(group_, path, recipe_.job, header, recipe_.provenance, batch_);
  }
  for (std::int64_t done = 0; done < largest; done += step) {
    const std::int64_t first = std::min(done, share.count);
    const std::int64_t count = std::min(step, share.count - first);
    std::exception_ptr error;
    try {
      render({rows.first + share.first + first, count});
    } catch (...) {
      error = std::current_exception();
    }
    {
      const Stopwatch watch(timings_.waiting);
      group_.agree(error);
    }
    const Stopwatch watch(timings_.writing);
    writer->write(share.first + first, batch_);
  }
  const Stopwatch watch(timings_.writing);
  writer->finish();
  timings_.checksums += writer->seconds_in_checksums();
  timings_.writing -= writer->seconds_in_checksums();
}

}  // namespace lensmill::pipeline
