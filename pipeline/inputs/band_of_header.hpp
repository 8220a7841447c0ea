#pragma once

#include <string>
#include <vector>

#include "lib/io/fits/hdu.hpp"

/// \file
/// Which band a file says that it is of: cards such as BAND = 'r' or FILTER = 'g DECam
/// SDSS c0001 4720.0 1520.0' against a band's name in the configuration.

namespace lensmill::pipeline {

/// A card or attribute that names a band.
struct StatedBand {
  std::string card;  ///< e.g. BAND
  std::string value;
};

/// BAND, FILTER and FILTNAM of a header, those that are there and not empty.
std::vector<StatedBand> stated_bands(const io::fits::Hdu& hdu);

enum class BandMatch {
  same,
  other,   ///< both name one filter of one system, and not the same
  unknown  ///< no word in common, but not two filters that can be compared either
};

/// The one rule for all files that say which band they are of: `other` is certain, and
/// an error wherever the files stand for hosts or PSFs unless it is accepted. Words are
/// compared whatever their case. Known filters: u g r i z y J H K (Ks), also with a
/// digit (`HSC-R2` is r), and the telescopes' `F814W`. A letter and an `F814W` are two
/// systems, and what names several filters is none of them for certain: unknown.
BandMatch compare_bands(const std::string& stated, const std::string& band);

}  // namespace lensmill::pipeline
