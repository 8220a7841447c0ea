#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/io/fits/hdu.hpp"
#include "stages/config/host_files.hpp"

/// \file
/// Weights and masks of real hosts, as files have them, turned into what stages take.

namespace lensmill::pipeline {

/// Weights of any kind to nmgy^-2, in place; 0 for those that say nothing: not finite,
/// zero, negative, or of a variance or standard deviation that is none.
void to_invvar(config::WeightKind kind, double nmgy_per_unit, Image<float>& weight);

/// The bits that a header names, by name: MB_<NAME> = value and MBIT_<n> = name (Legacy
/// Surveys), MP_<NAME> = number of the bit (LSST).
/// \throws DataError where two cards contradict each other, or a value is no single bit
std::map<std::string, int> named_bits(const io::fits::Hdu& hdu);

/// Which values of a mask image mask a pixel.
class MaskRule {
 public:
  /// \param names of the mask image's header
  /// \throws DataError for a name that the header does not give, listing those it does
  MaskRule(const config::PixelMask& mask, const std::map<std::string, int>& names,
           const std::string& place);

  /// Whether a pixel of this value is masked; one that is not finite is.
  bool masks(double value) const;
  /// 1 in `mask` for every pixel whose value masks it; the others are left alone.
  /// \param integers the same values as 64 bits (two's complement), where they are
  ///   integers of 64 bits; called where doubles do not represent them all
  void apply(const Image<double>& values,
             const std::function<std::vector<std::uint64_t>()>& integers,
             Image<float>& mask) const;

 private:
  bool zero_masks_ = false;
  std::uint64_t bits_ = 0;  ///< 0: every value but 0
};

/// 1 in `mask` for pixels that are not finite or, with weights, have none; 0 for the
/// others. `mask` gets the image's shape.
void mask_useless(const Image<float>& nmgy, const Image<float>* invvar,
                  Image<float>& mask);

}  // namespace lensmill::pipeline
