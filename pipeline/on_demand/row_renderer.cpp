#include "pipeline/on_demand/row_renderer.hpp"

#include <fmt/format.h>

#include <utility>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/config_identity.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "pipeline/archive/shard_header.hpp"
#include "pipeline/program/build_info.hpp"
#include "pipeline/session/level_of_run.hpp"
#include "pipeline/session/require_psfs.hpp"

namespace lensmill::pipeline {
namespace {

/// The session of a run whose configuration and input files are still what its shards
/// were made of.
Session session_of(const RunOnDisk& run, const parallel::Communicator& world,
                   Log& log) {
  const auto config = read_config(run.folder.run_yaml(), {}, world, log);
  auto session = open_session(config, world, log);
  if (config_hash(config.resolved_yaml, session.opened.files) != run.config_hash) {
    throw DataError(fmt::format(
        "{}: its rows were made of other input files, or run.yaml was changed (the "
        "SHA-256 of both, config_hash, differs); put the files back, or render by the "
        "configuration itself",
        run.folder.path()));
  }
  return session;
}

Session session_of(const config::RunConfig& config, const parallel::Communicator& world,
                   Log& log) {
  if (!config.catalogue.keep.criteria.empty()) {
    throw ConfigError(
        "catalogue.keep: which rows are kept is known only when all before them were "
        "tried; make the run and render its rows, or leave the selection out");
  }
  auto session = open_session(config, world, log);
  require_psfs(session, world, log);
  return session;
}

}  // namespace

RowRenderer::RowRenderer(RunOnDisk run, OtherBuild other,
                         const parallel::Communicator& world, Log& log)
    : run_(std::move(run)),
      catalogue_rows_(std::in_place, *run_),
      other_(other),
      level_(other == OtherBuild::accept
                 ? use_level_of(*run_, world)
                 : agree_on_level(world, level_of_shards(run_->folder, world))),
      session_(session_of(*run_, world, log)),
      stamp_(session_.chain().make_stamp()),
      batch_(session_.chain(), session_.rows().carried()) {}

RowRenderer::RowRenderer(const config::RunConfig& config,
                         const parallel::Communicator& world, Log& log)
    : level_(agree_on_level(world, "")),
      session_(session_of(config, world, log)),
      stamp_(session_.chain().make_stamp()),
      batch_(session_.chain(), session_.rows().carried()) {}

std::int64_t RowRenderer::rows() const {
  return run_ ? run_->plan.rows : session_.plan.rows;
}

std::int64_t RowRenderer::most_rows() const {
  return rows_in_memory(batch_.row_bytes(), batch_budget_bytes);
}

nlohmann::json RowRenderer::description() const {
  auto datasets = nlohmann::json::array();
  for (const auto& info : batch_.datasets()) datasets.push_back(listed(info, 1));
  return {{"datasets", datasets},
          {"rows", rows()},
          {"most_rows", most_rows()},
          {"bands", session_.config.bands},
          {"aperture_radius_pix", session_.config.measure.aperture_radius_pix},
          {"instruction_level", level_},
          {"config", session_.config.resolved_yaml}};
}

std::int64_t RowRenderer::catalogue_row(std::int64_t row) {
  return catalogue_rows_ ? catalogue_rows_->of(row) : row;
}

void RowRenderer::require_same_build(std::int64_t row) {
  if (!run_ || other_ == OtherBuild::accept) return;
  const std::int64_t index = run_->plan.shard_of(row);
  if (known_shards_.contains(index)) return;
  const auto path = run_->folder.shard(index);
  // A row that was not made yet is one of this build.
  if (!io::exists(path)) return;
  const auto identity = ShardHeader::read(io::hdf5::File::open(path)).identity;
  if (identity.build_fingerprint != build_fingerprint() ||
      identity.instruction_level != level_) {
    throw DataError(fmt::format(
        "{}: was made by another build of lensmill, or at another instruction level "
        "({}, here {}): rows rendered here would differ in the last digits; use that "
        "build, or accept a different one",
        path, identity.instruction_level, level_));
  }
  known_shards_.insert(index);
}

std::vector<std::int64_t> RowRenderer::render(std::span<const std::int64_t> rows,
                                              std::optional<catalogue::Split> split) {
  if (static_cast<std::int64_t>(rows.size()) > most_rows()) {
    throw DataError(fmt::format("{} rows in one request; at most {} fit into memory",
                                rows.size(), most_rows()));
  }
  batch_.resize(rows.size());
  std::vector<std::int64_t> made;
  for (const auto row : rows) {
    if (row < 0 || row >= this->rows()) {
      throw DataError(
          fmt::format("row {}: there are rows 0 to {}", row, this->rows() - 1));
    }
    require_same_build(row);
    const auto block = session_.rows().read(catalogue_row(row), 1);
    const auto& chain = session_.chain();
    if (split) {
      chain.begin(block.injection_id[0], block.row(0), stamp_);
      chain.run(stages::Step::sample, stamp_);
      if (stamp_.injection.split != *split) continue;
    }
    chain.apply(block.injection_id[0], block.row(0), stamp_);
    batch_.store(made.size(), stamp_);
    batch_.store_carried(made.size(), block.carried, 0);
    made.push_back(row);
  }
  batch_.resize(made.size());
  return made;
}

}  // namespace lensmill::pipeline
