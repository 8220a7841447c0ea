#pragma once

#include <string>
#include <vector>

namespace lensmill::config {

/// One axis of `catalogue.grid`: a column (or alias) and its values.
struct GridAxis {
  std::string column;
  std::vector<double> values;
};

/// The priors: see lib/catalogue for samplers. Filled by the reader of `priors:`,
/// `host.sersic`, `psf.<band>` widths and `noise.sky_sigma_nmgy`.
struct PriorsConfig {};

}  // namespace lensmill::config
