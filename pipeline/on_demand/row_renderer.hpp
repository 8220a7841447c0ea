#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pipeline/archive/find_injection.hpp"
#include "pipeline/archive/result_batch.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// Whether rows of a run may be rendered where they cannot be promised to have the
/// stored bytes: by another build, or at another instruction level.
enum class OtherBuild { refuse, accept };

/// Rows of a run, or of a configuration that no run was made of, rendered when they are
/// asked for: every dataset that a shard would have, without a file. One rank.
class RowRenderer {
 public:
  /// Rows of a run: numbered as in NAME.h5, with the stored bytes.
  /// \throws ConfigError, DataError, IoError: the configuration or an input file is not
  ///   what the run was made of (by SHA-256), the instruction level is not to be had
  RowRenderer(RunOnDisk run, OtherBuild other, const parallel::Communicator& world,
              Log& log);
  /// Rows of the catalogue. \throws as open_session and require_psfs; ConfigError for
  /// `catalogue.keep`, whose rows are known only when those before them were tried
  RowRenderer(const config::RunConfig& config, const parallel::Communicator& world,
              Log& log);

  // batch_ and catalogue_rows_ refer to members.
  RowRenderer(const RowRenderer&) = delete;
  RowRenderer& operator=(const RowRenderer&) = delete;

  /// What a row contains: `datasets` (as dataset_list.hpp lists them, for one row),
  /// `rows` (how many there are), `bands`, `aperture_radius_pix`, `config` (resolved
  /// YAML), `instruction_level`, `most_rows` (of one request).
  nlohmann::json description() const;
  /// Rows in one request.
  std::int64_t most_rows() const;

  /// Render rows; with `split` only those that are of this part of the data set.
  /// \return the numbers of those rendered, which batch() then contains in this order
  /// \throws DataError: no such row, more than most_rows(), a row that cannot be drawn,
  ///   a stored row of another build; IoError
  std::vector<std::int64_t> render(std::span<const std::int64_t> rows,
                                   std::optional<catalogue::Split> split);
  const ResultBatch& batch() const { return batch_; }

 private:
  std::int64_t rows() const;
  /// The row of the catalogue that a row is made from.
  std::int64_t catalogue_row(std::int64_t row);
  /// \throws DataError unless the row's shard was made by this build at this level
  void require_same_build(std::int64_t row);

  std::optional<RunOnDisk> run_;
  std::optional<CatalogueRows> catalogue_rows_;  ///< of *run_
  OtherBuild other_ = OtherBuild::refuse;
  std::string level_;
  Session session_;
  stages::Stamp stamp_;
  ResultBatch batch_;
  std::set<std::int64_t> known_shards_;  ///< of this build
};

}  // namespace lensmill::pipeline
