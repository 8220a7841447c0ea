#pragma once

#include <cstdint>

#include "lib/core/contracts.hpp"
#include "lib/core/image.hpp"
#include "lib/core/units.hpp"
#include "pipeline/inputs/pixel_masks.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

/// From the file's unit to nmgy.
inline void to_nmgy(Image<float>& pixels, double nmgy_per_unit) {
  for (float& value : pixels.pixels()) {
    value = static_cast<float>(nmgy_per_unit * double{value});
  }
}

inline void invvar_to_nmgy(Image<float>& invvar, double nmgy_per_unit) {
  const double factor = 1.0 / (nmgy_per_unit * nmgy_per_unit);
  for (float& value : invvar.pixels()) {
    value = static_cast<float>(factor * double{value});
  }
}

inline double nmgy_per_unit_of(const config::HostSection& host) {
  return host.zero_point_mag ? nmgy_per_unit(*host.zero_point_mag) : 1.0;
}

/// Cutouts of one shape: what is the same for FITS cubes and HDF5.
class StackedCutouts : public stages::HostCutouts {
 public:
  explicit StackedCutouts(const config::HostSection& host)
      : nmgy_per_unit_(nmgy_per_unit_of(host)),
        weight_kind_(host.weight_kind),
        has_mask_(host.has_masks()) {}

  bool has_mask() const override { return has_mask_; }
  void read(std::int64_t host_index, int band, Image<float>& nmgy,
            Image<float>& invvar) const override {
    EXPECT(host_index >= 0 && host_index < count());
    read_pixels(host_index, band, nmgy);
    to_nmgy(nmgy, nmgy_per_unit_);
    if (!has_invvar()) return;
    read_weights(host_index, band, invvar);
    // `invvar` alone, without masks, is taken as it stands.
    if (has_mask_) {
      to_invvar(weight_kind_, nmgy_per_unit_, invvar);
    } else {
      invvar_to_nmgy(invvar, nmgy_per_unit_);
    }
  }
  void read_with_mask(std::int64_t host_index, int band, Image<float>& nmgy,
                      Image<float>& invvar, Image<float>& mask) const override {
    if (!has_mask_) {
      HostCutouts::read_with_mask(host_index, band, nmgy, invvar, mask);
      return;
    }
    read(host_index, band, nmgy, invvar);
    mask_useless(nmgy, has_invvar() ? &invvar : nullptr, mask);
    add_masks(host_index, band, mask);
    if (!has_invvar()) return;
    for (std::size_t k = 0; k < mask.size(); ++k) {
      if (mask.pixels()[k] != 0.0F) invvar.pixels()[k] = 0.0F;
    }
  }

 protected:
  virtual void read_pixels(std::int64_t host, int band, Image<float>& out) const = 0;
  virtual void read_weights(std::int64_t host, int band, Image<float>& out) const = 0;
  virtual void add_masks(std::int64_t host, int band, Image<float>& mask) const = 0;

 private:
  double nmgy_per_unit_;
  config::WeightKind weight_kind_;
  bool has_mask_;
};

}  // namespace lensmill::pipeline
