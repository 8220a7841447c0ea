#pragma once

#include <map>
#include <string>
#include <vector>

/// \file
/// How the files of real hosts are named, and what their weights and masks are.

namespace lensmill::config {

/// What the pixels of a weight image are, in the image's unit: unit^-2, unit^2, unit.
enum class WeightKind { invvar, variance, rms };

/// Several files: exactly one member is used.
struct FileList {
  std::vector<std::string> files;  ///< absolute paths
  /// Absolute, with `*`, `?` or `[...]`: every file of such a name, in order of name.
  std::string pattern;
  std::string column;  ///< of a table; its paths are relative to the table's folder
  std::string table;   ///< "": the run's catalogue

  bool given() const { return !files.empty() || !pattern.empty() || !column.empty(); }
};

/// A column of a table that has a row for each host.
struct HostColumn {
  std::string column;  ///< "": none
  std::string table;   ///< "": the one that names the hosts, else the run's catalogue
};

/// One mask of the hosts' pixels: where it is depends on the hosts' files.
struct PixelMask {
  std::string key;  ///< "host.cutouts.masks.cr", for messages
  /// Bits that mask, numbers from 0 or names that the header gives. None: every value
  /// but 0 masks.
  std::vector<std::string> bits;
  bool zero_masks = false;                   ///< 0 masks, and nothing else
  std::string file;                          ///< survey image
  int hdu = -1;                              ///< survey image; -1: the first image
  std::map<std::string, std::string> files;  ///< band -> FITS cube [n, y, x]
  std::string dataset;                       ///< HDF5 [n, band, y, x] or [n, y, x]
  std::string extension;  ///< of each cutout's file: IMAGETYP or EXTNAME
  FileList beside;        ///< or in a file of its own for each cutout
};

/// One FITS file per host (`host.cutouts.files`).
struct CutoutFiles {
  FileList images;
  std::string
      image_extension;  ///< IMAGETYP or EXTNAME; "": what is no weight, mask, ...
  std::vector<std::string> band_order;  ///< of the planes; empty: by the headers
  // Weights, of the kind HostSection::weight_kind; neither: none.
  std::string weight_extension;
  FileList weights;
  /// The grid's pixel scale is assumed, so that every header must state one.
  bool scale_from_header = false;
  std::string id_card;    ///< header card that names the host
  std::string id_column;  ///< or column of images.table; neither: the file's stem
};

}  // namespace lensmill::config
