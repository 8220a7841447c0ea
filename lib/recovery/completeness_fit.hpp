#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "lib/analysis/estimate.hpp"
#include "lib/recovery/completeness.hpp"

namespace lensmill::recovery {

/// Completeness as 1 / (1 + exp(-(intercept + slope ln SNR))), by maximum likelihood.
struct CompletenessFit {
  std::int64_t injections = 0;  ///< with an SNR > 0
  std::int64_t left_out = 0;    ///< without
  double intercept = std::numeric_limits<double>::quiet_NaN();
  double slope = std::numeric_limits<double>::quiet_NaN();
  /// Where half and where 90 % are recovered. Fieller's interval (1954, J. R. Stat.
  /// Soc. B 16, 175) from the fit's covariance, at analysis::confidence.
  analysis::Estimate snr_50, snr_90;
  /// Hosmer & Lemeshow's (1980, Commun. Stat. A 9, 1043) chi^2 of ten groups of equal
  /// size, and the chance of a larger one if the logistic is true.
  double chi2 = std::numeric_limits<double>::quiet_NaN();
  double chance_of_chi2 = std::numeric_limits<double>::quiet_NaN();
  /// Why there are no numbers, or "": fewer than 50 injections; no slope that differs
  /// from 0 by 3 standard errors (as where none or all are recovered, or where one
  /// SNR separates them); a chance_of_chi2 below 0.01.
  std::string problem;
};

/// \param trials their variable is the SNR
CompletenessFit fit_completeness(std::span<const Trial> trials);

}  // namespace lensmill::recovery
