#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/catalogue/column_mapping.hpp"
#include "lib/config/node.hpp"
#include "lib/config/reader.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/pixel_grid.hpp"
#include "lib/io/hdf5/file.hpp"

/// \file
/// What `lensmill audit` is told of a user's training data: MAPPING.yaml, see
/// docs/audit.md.

namespace lensmill::pipeline {

struct AuditStamps {
  std::string dataset;   ///< positives, or arcs alone
  std::string negative;  ///< "" for arcs alone
  bool band_axis = true;
  double nmgy_per_unit = 1.0;
  /// Each stamp has a scale (and, of a pair, a zero) of its own, which nobody knows.
  bool normalised_each = false;
};

struct AuditNoiseMapping {
  bool stated = false;
  /// Whether positive and negative hold the same sky and host noise, which then is not
  /// in their difference.
  bool shared = true;
  PerBand<double> sky_sigma_nmgy{};
  PerBand<double> gain_e_per_nmgy{};  ///< 0: no Poisson noise
  std::string variance_dataset;       ///< of the fitted stamps; "" for none
  double model_error_fraction = 0.0;
  bool correlation_is_measured = true;  ///< from blank pixels; else taken as white
};

struct AuditMapping {
  std::string path;
  std::string folder;  ///< that relative paths start from
  AuditStamps stamps;
  BandNames bands;
  PixelGrid grid;
  /// Datasets as our columns, and constants. Columns of `mapping: lensmill` have no
  /// `where`.
  catalogue::ColumnMapping columns;
  AuditNoiseMapping noise;
  // Sections of a run configuration, handed on as they are.
  config::Node psf, convolve, source, render;

  bool paired() const { return !stamps.negative.empty(); }
};

/// Read MAPPING.yaml; with `mapping: lensmill` everything that it does not state comes
/// from the configuration in the file's provenance. Datasets are looked up in `file`.
/// \throws ConfigError with all that is wrong with the mapping; DataError for datasets
///   that the file does not have, each with the nearest one that it has
AuditMapping read_mapping(const std::string& path, const io::hdf5::File& file);

/// The defaults of `mapping: lensmill`. \throws DataError: no file of `lensmill run`
AuditMapping mapping_of_run(const io::hdf5::File& file);

/// Every dataset of the file, as group/name, in order.
std::vector<std::string> all_datasets(const io::hdf5::Group& group);

/// The mapping's columns made ready, with the units that the datasets state.
catalogue::RowMapping row_mapping(const AuditMapping& mapping,
                                  const io::hdf5::File& file);

enum class PsfPlacement {
  correct,
  legacy,  ///< by the historical operator
};
/// A run configuration that renders the mapping's rows: `grid` rows of one value each
/// (see stages::Inputs::rows for the real ones).
/// \param given the columns that rows bring, with a valid value each
std::string audit_config_yaml(const AuditMapping& mapping,
                              const std::vector<std::pair<std::string, double>>& given,
                              PsfPlacement placement);

}  // namespace lensmill::pipeline
