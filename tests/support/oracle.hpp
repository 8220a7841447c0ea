#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "lib/io/hdf5/file.hpp"
#include "lib/lens/lens_model.hpp"
#include "lib/light/sersic.hpp"

namespace lensmill::test_support {

/// One parameter set of the accuracy oracle, in our conventions: the uniform deflection
/// of a shear centred off the lens is absorbed into the source position.
struct OracleSet {
  std::string category;
  lens::LensParams lens;
  lens::Vector2 lens_centre;         ///< arcsec from the stamp's centre
  lens::Vector2 source;              ///< arcsec from the lens
  lens::Vector2 uniform_deflection;  ///< the oracle's alpha minus ours
  light::SersicParams source_profile;
  double src_flux = 0.0;
  int psf_id = 0;
};

/// Reader of oracle/open.h5 (see the README beside it): 100 lens injections.
class Oracle {
 public:
  explicit Oracle(const std::string& path);

  std::size_t size() const { return sets_.size(); }
  const OracleSet& operator[](std::size_t index) const { return sets_[index]; }
  const std::vector<OracleSet>& sets() const { return sets_; }
  const io::hdf5::File& file() const { return file_; }

  /// A dataset whose first axis counts the sets, e.g. "grid/alpha_x": rows of doubles.
  struct Rows {
    std::size_t row_elements = 1;
    std::vector<double> values;
    std::span<const double> operator[](std::size_t index) const {
      return std::span(values).subspan(index * row_elements, row_elements);
    }
  };
  Rows rows(const std::string& path) const;

 private:
  io::hdf5::File file_;
  std::vector<OracleSet> sets_;
};

}  // namespace lensmill::test_support
