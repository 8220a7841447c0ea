#pragma once

#include <array>
#include <memory>

#include "lib/catalogue/injection.hpp"
#include "lib/core/image.hpp"
#include "lib/imaging/correlated_noise.hpp"
#include "lib/psf/turned_kernel.hpp"

namespace lensmill::stages {

/// The turn of a row's host on its stamp (host_rotation, host_flip), and of all that
/// came with the host's image: its PSF, its noise. None for rows without real hosts.
psf::PlaneTurn turn_of(const catalogue::Injection& injection);

/// A correlation function as it is on an image that was turned.
Image<double> turned_lags(ImageView<const double> lags, const psf::PlaneTurn& turn);

/// One band's correlated noise, for hosts of every orientation.
class TurnedNoise {
 public:
  /// \param with_hosts whether hosts may be turned
  /// \throws as imaging::CorrelatedNoise
  TurnedNoise(ImageView<const double> lags, int stamp_size_pix, bool with_hosts);

  const imaging::CorrelatedNoise& of(const catalogue::Injection& injection) const;

 private:
  // Half a turn leaves correlations as they are: [quarter turn][mirrored].
  std::array<std::shared_ptr<const imaging::CorrelatedNoise>, 4> noise_;
};

}  // namespace lensmill::stages
