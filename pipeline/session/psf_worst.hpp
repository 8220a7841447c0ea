#pragma once

#include <string>
#include <vector>

namespace lensmill::pipeline {

/// What is looked at of every kernel.
struct KernelFacts {
  std::string name;         ///< with its host
  double offset_pix = 0.0;  ///< of its core from the origin, as it is used
  double sum = 0.0;         ///< as stored
  double fwhm_pix = 0.0;    ///< of the Gaussian of its peak over its sum
};

/// A kernel whose width, or sum, differs from the band's median by more than this
/// factor is warned of.
inline constexpr double noticed_width_factor = 1.5;
inline constexpr double noticed_sum_factor = 1.1;

struct WorstKernels {
  std::string text;                ///< a table of the worst ten
  std::vector<std::string> notes;  ///< on kernels unlike the others, one sentence each
};

/// The ten kernels of a band that are worst by what is noticed first: the core's offset
/// in units of measure::moved_core_pix, width and sum against the medians in units of
/// the factors above. Fewer than five kernels have no others to be unlike.
WorstKernels worst_kernels(const std::string& band,
                           const std::vector<KernelFacts>& kernels);

}  // namespace lensmill::pipeline
