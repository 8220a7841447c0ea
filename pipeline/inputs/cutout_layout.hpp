#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/io/fits/file.hpp"

/// \file
/// Where the bands of one host are in its FITS file: planes of a cube [band, y, x], or
/// an image [y, x] per HDU.

namespace lensmill::pipeline {

/// An image [y, x] in a file.
struct PlanePlace {
  int hdu = 0;
  int plane = 0;
  bool operator==(const PlanePlace&) const = default;
};

/// What is looked for in a file.
struct PlaneQuery {
  const BandNames& bands;  ///< of the run
  /// Of the planes, one HDU after the other; empty: by the headers.
  std::vector<std::string> band_order{};
  /// The HDUs' IMAGETYP or EXTNAME; "": those that are images of the sky.
  std::string extension{};
  /// HDUs that the configuration calls weights or masks: never images, whatever they
  /// are called.
  std::vector<std::string> beside{};
  /// Whether every HDU with pixels is meant: the file contains nothing else.
  bool any_image = false;
  /// Whether `band_order` counts where the headers say otherwise, or two bands.
  bool accept_other_bands = false;
  /// Masks: an image without a band serves all.
  bool one_for_all = false;
  std::string key = "host.cutouts";  ///< of the configuration, for messages
};

struct FoundPlanes {
  std::vector<PlanePlace> of_band;  ///< the run's bands, in its order
  /// Every plane with its band, "" where nothing says it.
  std::vector<std::pair<PlanePlace, std::string>> all;
  /// Whether bands are those of `band_order` against what the headers say.
  bool against_headers = false;
};
/// The planes of each of the run's bands. Bands are found by a cube's
/// cards BAND0, BAND1, ... or BANDS, an image's BAND (FILTER, FILTNAM, BANDS with one
/// entry, EXTNAME), the primary HDU's where it has none; else by `band_order`, which
/// what the headers say may not contradict. An HDU may not contradict itself either:
/// BANDS and BAND0, ..., an image's BAND, FILTER, FILTNAM and BANDS, its EXTNAME where
/// that names a band of the run. (A primary may list the bands of all HDUs; a cube's
/// FILTER is often its first plane's.) Planes of which nothing says the band have that
/// of the image that is as many planes from the first, where `like` (the images'
/// planes, all of them) has as many; where `like` goes against its headers, all planes
/// have, since weights repeat the images' cards.
/// \throws DataError, naming file and HDU: no such HDU, a band missing or there twice,
///   planes without a band, another number of planes than BANDS or band_order have, two
///   bands for one plane
FoundPlanes find_planes(const io::fits::File& file, const PlaneQuery& query,
                        const FoundPlanes* like = nullptr);

}  // namespace lensmill::pipeline
