#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lensmill::catalogue {

/// What the comments at the beginning of a catalogue of SExtractor (ASCII_HEAD) say:
/// `#   4 X_IMAGE   Object position along x   [pixel]`, the number being the column's,
/// from 1. Columns of several numbers are NAME, NAME_1, NAME_2, ..., as astropy has
/// them.
struct SextractorHeader {
  std::vector<std::string> names;  ///< of the cells of a row, which blanks separate
  std::map<std::string, std::string> units;  ///< of columns that state one
};

/// Nothing for any other file: where the first comment is none of column 1, or the
/// first row begins with no number (a header line of names then). \throws IoError when
/// the file cannot be opened; DataError: column numbers that do not
///   ascend, a repeated name
std::optional<SextractorHeader> sextractor_header(const std::string& path);

}  // namespace lensmill::catalogue
