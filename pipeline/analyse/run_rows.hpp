#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/analysis/reported_core.hpp"
#include "lib/analysis/stamp_row.hpp"
#include "lib/core/column.hpp"
#include "lib/io/hdf5/group.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

/// A number of every row whose distribution is told: a scalar column of /catalogue, or
/// derived.
struct RowVariable {
  std::string name;
  std::string unit;
};

/// Some rows of a run.
struct RowBlock {
  std::vector<analysis::StampRow> rows;      ///< those that count (StampRow::counts)
  std::vector<analysis::StampRow> left_out;  ///< the others: columns alone
  std::vector<double> variables;             ///< [row, variable]
};

/// What is read of a run's rows, and how. A value: opens no file.
class RowReader {
 public:
  /// Look at one shard for its columns. \throws DataError: no measurements in it
  RowReader(const RunOnDisk& run, const std::string& shard);

  const std::vector<RowVariable>& variables() const { return variables_; }
  /// The variable of that name; variables().size() if there is none.
  std::size_t variable(const std::string& name) const;
  std::size_t radial_bins() const { return radial_bins_; }
  /// Of the PSF in the reported band; of a function alone the rows have a ring's share.
  const config::PsfSection& psf() const { return psf_; }
  /// What the bootstrap resamples: "hosts", "rows", or "base points".
  std::string unit() const;
  bool resamples_hosts() const { return resamples_hosts_; }
  /// Of a Saltelli design; 0: none.
  std::size_t saltelli_factors() const { return saltelli_factors_; }

  /// Rows of a shard whose first row is row `shard_first` of the run. \independent
  RowBlock read(const io::hdf5::Group& file, std::int64_t shard_first,
                const RowRange& rows) const;

 private:
  const RunOnDisk& run_;
  std::vector<RowVariable> variables_;
  std::vector<std::string> catalogue_scalars_, catalogue_names_, measurement_names_;
  analysis::ReportedCore core_;
  config::PsfSection psf_;  ///< kind and axis ratio, in the reported band
  std::size_t radial_bins_ = 0;
  double stamp_size_pix_ = 0.0;
  bool aperture_on_lens_ = true;
  double aperture_x_arcsec_ = 0.0, aperture_y_arcsec_ = 0.0;
  bool resamples_hosts_ = false;
  std::size_t saltelli_factors_ = 0;
};

/// Call `use` with all blocks of this rank: blocks of rows of the shards that are there
/// go round the ranks. \independent \throws IoError, DataError
void for_each_block(const RunOnDisk& run, const RowReader& reader,
                    const parallel::Communicator& world,
                    const std::function<void(const RowBlock&)>& use);

}  // namespace lensmill::pipeline
