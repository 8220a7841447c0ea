#pragma once

#include <string>

#include "lib/io/fits/image_hdu.hpp"

/// \file
/// Images that are taken pixel by pixel with another one must show the same sky in the
/// same pixels.

namespace lensmill::pipeline {

/// Two such images may be this far from each other, in pixels, at the worst corner.
inline constexpr double most_misaligned_pix = 0.5;

/// Where `other` lies by its WCS, held against `image` at the four corners (a shift, a
/// turn, a mirror, another scale). \return "FILE, HDU 1: by its WCS it lies 7.0 pix
/// from FILE, HDU 0", or "" where they agree or one of them has no celestial WCS
std::string misplaced(const io::fits::ImageHdu& image, const io::fits::ImageHdu& other);

}  // namespace lensmill::pipeline
