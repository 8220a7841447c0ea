#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/selection_record.hpp"
#include "pipeline/archive/shard_plan.hpp"

namespace lensmill::pipeline {

/// What decides the bytes of a run's data besides the row: two runs with the same
/// identity make the same shards.
struct RunIdentity {
  std::string config_hash;        ///< SHA-256 of what the configuration decides
  std::string instruction_level;  ///< of the numeric code
  std::string build_fingerprint;  ///< of the program
  bool operator==(const RunIdentity&) const = default;
};

/// Of the shards and the virtual file that this program writes. Version 1 had neither a
/// list of datasets nor digests of anything but values, nor a seal.
inline constexpr std::int64_t format_version = 2;

/// The order of the bands and of the aperture radii in every dataset that has these
/// axes, as the root attributes `bands` and `aperture_radius_pix` of a shard and of
/// NAME.h5. \collective as the file's driver
void write_axes(io::hdf5::Group& root, const BandNames& bands,
                const std::vector<double>& aperture_radius_pix);

/// What a shard says of itself, in its root attributes.
struct ShardHeader {
  std::int64_t version = format_version;
  std::int64_t index = 0;
  RowRange rows;              ///< of the catalogue; with a selection: candidates
  std::int64_t run_rows = 0;  ///< of the whole run when the shard was made
  RunIdentity identity;
  /// Empty if read of a shard made before they were written (December 2026).
  BandNames bands{};
  std::vector<double> aperture_radius_pix{};
  /// Of a run with `catalogue.keep`: what became of the candidates.
  std::optional<SelectionRecord> selection{};

  /// Rows that the shard contains.
  std::int64_t row_count() const {
    return selection ? selection->counts.kept : rows.count;
  }
  void write(io::hdf5::Group& root) const;
  /// \throws DataError: not a shard, an attribute missing, without its seal
  static ShardHeader read(const io::hdf5::File& file);
};

/// Open a shard's file. Of a damaged one it says what of its datasets is gone, where
/// that can be found out. \independent \throws DataError, IoError as File::open
io::hdf5::File open_shard_file(const std::string& path);

/// Whether a shard of the plan is there.
struct ShardState {
  enum class Kind {
    missing,
    complete,
    damaged,   ///< cannot be read, or is not what its name says: to be made again
    foreign,   ///< whole, but of another run: not to be touched
    outdated,  ///< whole, but of an older format: read, but not continued
  };
  Kind kind = Kind::missing;
  std::string reason{};  ///< damaged, foreign, outdated: why
  std::optional<ShardHeader> header{};
};

/// Look at a shard's file: that it is whole (its seal), that its header says what the
/// plan expects, that the datasets of its list are there. Its data are not read. A
/// shard that is shorter than the plan's (the last one, before `--extend`) counts as
/// missing. \independent \throws IoError: the file is there, but the system does not
/// let us open it
ShardState inspect_shard(const std::string& path, std::int64_t index,
                         const ShardPlan& plan, const RunIdentity& identity);

}  // namespace lensmill::pipeline
