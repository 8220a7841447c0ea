#include "pipeline/job/shard_maker.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "pipeline/job/shard_writer.hpp"

namespace lensmill::pipeline {
namespace {

// Candidates that are read at a time, and rows that memory is got for at first.
constexpr std::int64_t chunk_rows = 1024;

}  // namespace

ShardMaker::ShardMaker(const parallel::Communicator& group, ShardRecipe recipe,
                       std::function<void()> row_done)
    : group_(group),
      recipe_(std::move(recipe)),
      row_done_(std::move(row_done)),
      stamp_(recipe_.chain.make_stamp()),
      batch_(recipe_.chain, recipe_.rows.carried()),
      step_(rows_in_memory(batch_.row_bytes(), recipe_.selection != nullptr
                                                   ? recipe_.kept_bytes
                                                   : batch_budget_bytes)) {
  timings_.stages.assign(recipe_.chain.stages().size(), 0.0);
}

void ShardMaker::render(const catalogue::RowBlock& block, std::size_t row) {
  recipe_.chain.apply(block.injection_id[row], block.row(row), stamp_, timings_.stages);
  ++timings_.rows;
  if (row_done_) row_done_();
}

void ShardMaker::render(const Part& part, const RowRange& shard_rows, std::int64_t done,
                        std::int64_t count) {
  batch_.resize(static_cast<std::size_t>(count));
  if (part.chosen.empty()) {
    catalogue::RowBlock block;
    {
      const Stopwatch watch(timings_.reading);
      block = recipe_.rows.read(shard_rows.first + part.first + done, count);
    }
    for (std::size_t row = 0; row < block.rows(); ++row) {
      render(block, row);
      batch_.store(row, stamp_);
      batch_.store_carried(row, block.carried, row);
    }
    return;
  }
  for (std::int64_t k = 0; k < count; ++k) {
    const auto row = part.chosen[static_cast<std::size_t>(done + k)];
    const auto block = recipe_.rows.read(row, 1);
    render(block, 0);
    batch_.store(static_cast<std::size_t>(k), stamp_);
    batch_.store_carried(static_cast<std::size_t>(k), block.carried, 0);
  }
}

ShardMaker::Part ShardMaker::all_rows(const RowRange& rows) const {
  const RowRange share = rank_share(rows.count, group_.rank(), group_.size());
  Part part{.first = share.first, .count = share.count};
  for (int rank = 0; rank < group_.size(); ++rank) {
    part.largest =
        std::max(part.largest, rank_share(rows.count, rank, group_.size()).count);
  }
  return part;
}

ShardMaker::Part ShardMaker::select(const RowRange& candidates,
                                    measure::SelectionCounts& counts) {
  const RowRange share = rank_share(candidates.count, group_.rank(), group_.size());
  Part part;
  std::exception_ptr error;
  try {
    batch_.resize(0);
    for (std::int64_t at = 0; at < share.count; at += chunk_rows) {
      const auto block = recipe_.rows.read(candidates.first + share.first + at,
                                           std::min(chunk_rows, share.count - at));
      for (std::size_t row = 0; row < block.rows(); ++row) {
        render(block, row);
        if (!recipe_.selection->keeps(stamp_.measurement, counts)) continue;
        part.chosen.push_back(candidates.first + share.first + at +
                              static_cast<std::int64_t>(row));
        if (part.count++ >= step_) continue;
        if (batch_.rows() < static_cast<std::size_t>(part.count)) {
          batch_.resize(static_cast<std::size_t>(
              std::min(step_, std::max(rows_per_checksum, 2 * part.count))));
        }
        const auto stored = static_cast<std::size_t>(part.count - 1);
        batch_.store(stored, stamp_);
        batch_.store_carried(stored, block.carried, row);
      }
    }
    batch_.resize(static_cast<std::size_t>(std::min(part.count, step_)));
  } catch (...) {
    error = std::current_exception();
  }
  const Stopwatch watch(timings_.waiting);
  group_.agree(error);
  counts.candidates = group_.sum(counts.candidates);
  counts.failed = group_.sum(counts.failed);
  counts.kept = group_.sum(counts.kept);
  group_.sum(std::span(counts.outside));
  const auto all = group_.all_gather(std::span<const std::int64_t>(&part.count, 1));
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (rank < static_cast<std::size_t>(group_.rank())) part.first += all[rank];
    part.largest = std::max(part.largest, all[rank]);
  }
  return part;
}

void ShardMaker::make(std::int64_t index, const RowRange& rows,
                      const std::string& path) {
  const auto& config = recipe_.chain.config();
  ShardHeader header{.index = index,
                     .rows = rows,
                     .run_rows = recipe_.run_rows,
                     .identity = recipe_.identity,
                     .bands = config.bands,
                     .aperture_radius_pix = config.measure.aperture_radius_pix};
  Part part;
  if (recipe_.selection != nullptr) {
    header.selection = empty_record(*recipe_.selection);
    part = select(rows, header.selection->counts);
  } else {
    part = all_rows(rows);
  }
  // The first of this rank's share starts a digest.
  const std::int64_t share_first =
      rows.first + rank_share(rows.count, group_.rank(), group_.size()).first;

  std::optional<ShardWriter> writer;
  {
    const Stopwatch watch(timings_.writing);
    writer.emplace(group_, path, recipe_.job, header, recipe_.provenance, batch_);
  }
  std::vector<std::int64_t> digest_of_row;
  // All ranks take as many steps as the one with most rows needs. The first rows of a
  // selection are in the batch already.
  for (std::int64_t done = 0; done < part.largest; done += step_) {
    const std::int64_t first = std::min(done, part.count);
    const std::int64_t count = std::min(step_, part.count - first);
    std::exception_ptr error;
    try {
      if (done > 0 || recipe_.selection == nullptr) render(part, rows, first, count);
    } catch (...) {
      error = std::current_exception();
    }
    {
      const Stopwatch watch(timings_.waiting);
      group_.agree(error);
    }
    digest_of_row.clear();
    for (std::int64_t k = first; k < first + count; ++k) {
      const std::int64_t in_share =
          part.chosen.empty() ? k
                              : part.chosen[static_cast<std::size_t>(k)] - share_first;
      digest_of_row.push_back(in_share / rows_per_checksum);
    }
    const Stopwatch watch(timings_.writing);
    writer->write(part.first + first, batch_, digest_of_row);
    rows_written_ += count;
  }
  const Stopwatch watch(timings_.writing);
  writer->finish();
  timings_.checksums += writer->seconds_in_checksums();
  timings_.writing -= writer->seconds_in_checksums();
}

}  // namespace lensmill::pipeline
