#include "pipeline/rerender/verify_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "lib/core/draw_rows.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/find_injection.hpp"
#include "pipeline/archive/read_table.hpp"
#include "pipeline/archive/result_batch.hpp"
#include "pipeline/archive/shard_header.hpp"
#include "pipeline/program/build_info.hpp"
#include "pipeline/program/steps.hpp"
#include "pipeline/session/level_of_run.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {
namespace {

// Between builds or instruction levels rounding differs; images are single precision.
constexpr double other_build_tolerance = 1.0e-5;

/// Rows of shards that are there, drawn without repetition by the run's seed.
std::vector<std::int64_t> sample_rows(const RunOnDisk& run, std::int64_t sample,
                                      std::uint64_t seed) {
  std::vector<RowRange> there;
  std::int64_t count = 0;
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    if (!std::filesystem::exists(run.folder.shard(shard))) continue;
    there.push_back(run.plan.rows_of(shard));
    count += there.back().count;
  }
  std::vector<std::int64_t> rows;
  auto shard = there.begin();
  std::int64_t before = 0;
  for (const auto drawn : draw_rows(count, sample, seed, StreamTag::verify_sample)) {
    for (; drawn - before >= shard->count; ++shard) before += shard->count;
    rows.push_back(shard->first + drawn - before);
  }
  return rows;
}

template <class T>
bool close(const Column& a, const Column& b) {
  const auto x = a.values<T>();
  const auto y = b.values<T>();
  double largest = 0.0;
  for (const T value : x) {
    if (std::isfinite(double(value))) {
      largest = std::max(largest, std::abs(double(value)));
    }
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    const bool both_nan = std::isnan(double(x[k])) && std::isnan(double(y[k]));
    const double difference = std::abs(double(x[k]) - double(y[k]));
    if (!both_nan && !(difference <= other_build_tolerance * largest)) return false;
  }
  return true;
}

/// The last digit of a pixel may round another way; whether it is a number may not
/// change.
bool close_codes(const Column& a, const Column& b) {
  constexpr auto not_finite = std::numeric_limits<std::int16_t>::min();
  return std::ranges::equal(a.values<std::int16_t>(), b.values<std::int16_t>(),
                            [](std::int16_t x, std::int16_t y) {
                              return x == y || (x != not_finite && y != not_finite &&
                                                std::abs(int{x} - int{y}) == 1);
                            });
}

/// Compare one row of a shard with the batch's only row.
void compare_row(const io::hdf5::File& shard, std::int64_t row_in_shard,
                 const std::string& where, Agreement agreement,
                 const ResultBatch& again, VerifyReport& report) {
  for (const auto& [path, column] : again.columns()) {
    const auto slash = path.rfind('/');
    const auto group = shard.open_group(path.substr(0, slash));
    // A column that the build which made the shard did not have yet.
    if (agreement == Agreement::of_builds && !group.has(path.substr(slash + 1))) {
      continue;
    }
    const Column stored = read_column(group, path.substr(slash + 1), {row_in_shard, 1});
    if (!columns_agree(stored, *column, agreement)) {
      report.problems.push_back(
          fmt::format("{}: /{} differs when rendered again", where, path));
    }
  }
}

void verify_row(const RunOnDisk& run, const Session& session, std::int64_t row,
                const std::string& level, stages::Stamp& stamp, ResultBatch& batch,
                bool& all_exact, VerifyReport& report) {
  const std::int64_t index = run.plan.shard_of(row);
  const std::int64_t in_shard = row - run.plan.rows_of(index).first;
  const auto shard = io::hdf5::File::open(run.folder.shard(index));
  const auto identity = ShardHeader::read(shard).identity;
  const bool exact = identity.build_fingerprint == build_fingerprint() &&
                     identity.instruction_level == level;
  all_exact = all_exact && exact;
  const auto block = session.rows().read(CatalogueRows(run).of(row), 1);
  session.chain().apply(block.injection_id[0], block.row(0), stamp);
  batch.resize(1);
  batch.store(0, stamp);
  batch.store_carried(0, block.carried, 0);
  compare_row(shard, in_shard, fmt::format("row {} ({})", row, shard_file_name(index)),
              exact ? Agreement::exact : Agreement::of_builds, batch, report);
  ++report.rows_rendered;
}

}  // namespace

bool columns_agree(const Column& stored, const Column& again, Agreement agreement) {
  if (std::ranges::equal(stored.bytes(), again.bytes())) return true;
  if (agreement == Agreement::exact) return false;
  switch (stored.info().type) {
    case ElementType::float32: return close<float>(stored, again);
    case ElementType::float64: return close<double>(stored, again);
    case ElementType::int16: return close_codes(stored, again);
    default: return false;
  }
}

VerifyReport verify_rows(const RunOnDisk& run, std::int64_t sample,
                         const parallel::Communicator& world, Log& log) {
  const std::string level = use_level_of(run, world);
  const auto config = read_config(run.folder.run_yaml(), {}, world, log);
  const Session session = open_session(config, world, log);
  auto stamp = session.chain().make_stamp();
  ResultBatch batch(session.chain(), session.rows().carried());
  VerifyReport mine;
  bool exact = true;
  world.agree([&] {
    const auto rows = sample_rows(run, sample, config.run.seed);
    Steps steps(log, "rows rendered again", std::ssize(rows), world.size());
    for (std::size_t k = static_cast<std::size_t>(world.rank()); k < rows.size();
         k += static_cast<std::size_t>(world.size())) {
      try {
        verify_row(run, session, rows[k], level, stamp, batch, exact, mine);
      } catch (const DataError& error) {
        // A damaged shard: go on with the other rows.
        mine.problems.emplace_back(error.what());
      }
      steps.done();
    }
  });
  mine.problems = gather_problems(mine.problems, world);
  mine.rows_rendered = world.sum(mine.rows_rendered);
  exact = world.all(exact);
  mine.comparison =
      exact ? "byte for byte"
            : fmt::format("to {} (another build or instruction level than the shards')",
                          other_build_tolerance);
  return mine;
}

}  // namespace lensmill::pipeline
