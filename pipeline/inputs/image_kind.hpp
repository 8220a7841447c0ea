#pragma once

#include <string>
#include <string_view>

#include "lib/io/fits/hdu.hpp"

namespace lensmill::pipeline {

/// Whether an HDU goes with an image of the sky instead of being one: weights, masks,
/// counts of exposures, by IMAGETYP, EXTNAME, IMTYPE and PRODTYPE; IMAGETYP = IMAGE
/// is one.
bool is_beside_an_image(const io::fits::Hdu& hdu);

/// Whether an HDU's IMAGETYP or EXTNAME is this word, in any case, or begins with it
/// and goes on with no letter ("INVVAR_g").
bool is_named(const io::fits::Hdu& hdu, std::string_view word);

/// "HDU 1 (SCI)".
std::string described(const io::fits::Hdu& hdu);

}  // namespace lensmill::pipeline
