#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/config_identity.hpp"
#include "pipeline/archive/kept_so_far.hpp"
#include "pipeline/archive/run_folder.hpp"
#include "pipeline/archive/shard_header.hpp"

namespace lensmill::pipeline {

/// A run as its folder describes it, without the files it was made from: run.yaml and
/// the shards' headers.
struct RunOnDisk {
  RunFolder folder;
  /// Which rows are in which shard. Of a run with `catalogue.keep`: as far as they are
  /// there (KeptSoFar::plan).
  ShardPlan plan;
  /// Which rows of the catalogue each shard was made from: the plan, or of a run with
  /// `catalogue.keep` blocks of candidates.
  ShardPlan blocks;
  BandNames bands;
  std::vector<double> aperture_radius_pix;
  double pixel_scale_arcsec = 0.0;
  double max_failed_fraction = 0.0;
  std::vector<std::string> products;
  std::string resolved_yaml;
  FlatConfig config;          ///< run.yaml, flat
  std::string config_hash{};  ///< of the first shard that is whole; empty: none is
  std::int64_t format_version = 0;  ///< of that shard; 0: none is whole
  std::optional<KeptSoFar> kept{};  ///< of a run with `catalogue.keep`

  /// Rows that the run is to have.
  std::int64_t wanted_rows() const { return kept ? kept->wanted() : plan.rows; }
  /// Shards of the run that are not there: rows beyond them cannot be told.
  bool lacks_rows() const { return plan.rows < wanted_rows(); }
};

/// The header of the first shard that is whole; none says nothing. \independent
std::optional<ShardHeader> first_header(const RunFolder& folder);

/// Open the run at `path`: its folder, or a file in it (NAME.h5, run.yaml).
/// \independent
/// \throws DataError: no run there, no shard made yet; IoError
RunOnDisk open_run(const std::string& path);
/// The same, looked up by the root for all. \collective
RunOnDisk open_run(const std::string& path, const parallel::Communicator& world);

}  // namespace lensmill::pipeline
