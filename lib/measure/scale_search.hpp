#pragma once

#include <functional>
#include <optional>

namespace lensmill::measure {

/// The scale in [1e-12, 1e12] at which a strictly increasing squared SNR reaches
/// target_snr^2; nothing if none does. The curve must rise with a slope between 1 and 2
/// in the logarithms, as the squared SNR of a scaled signal does.
/// \param relative_accuracy of the scale; must be well above the function's own steps
std::optional<double> scale_reaching(double target_snr,
                                     const std::function<double(double)>& squared_snr,
                                     double relative_accuracy);

}  // namespace lensmill::measure
