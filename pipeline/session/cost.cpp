#include "pipeline/session/cost.hpp"

#include <algorithm>

#include "pipeline/archive/result_batch.hpp"
#include "pipeline/session/timings.hpp"

namespace lensmill::pipeline {
namespace {

// Rows before the clock counts: caches and FFT plans are made with them.
constexpr std::int64_t warm_up_rows = 8;

}  // namespace

RunCost estimate_cost(const Session& session, double seconds) {
  auto stamp = session.chain().make_stamp();
  const ResultBatch batch(session.chain(), session.rows().carried());
  RunCost cost{.row_bytes = batch.row_bytes()};
  const std::int64_t count = session.plan.rows;
  const auto render = [&](std::int64_t row) {
    const auto block = session.rows().read(row, 1);
    session.chain().apply(block.injection_id[0], block.row(0), stamp);
  };
  for (std::int64_t k = 0; k < std::min(warm_up_rows, count); ++k) render(k);
  double spent = 0.0;
  // A stride that visits the whole run: grids and sorted catalogues change along it.
  constexpr std::int64_t visits = 1024;
  const std::int64_t stride = std::max<std::int64_t>(1, count / visits);
  for (std::int64_t row = 0; row < count && spent < seconds; row += stride) {
    {
      const Stopwatch watch(spent);
      render(row);
    }
    ++cost.rows_timed;
  }
  cost.seconds_per_row = spent / static_cast<double>(cost.rows_timed);
  const std::int64_t rows_held =
      std::min({rows_in_memory(cost.row_bytes, session.selection ? kept_budget_bytes
                                                                 : batch_budget_bytes),
                session.plan.rows_per_shard, session.plan.rows});
  cost.memory_bytes =
      peak_memory_bytes() + rows_held * static_cast<std::int64_t>(cost.row_bytes);
  return cost;
}

}  // namespace lensmill::pipeline
