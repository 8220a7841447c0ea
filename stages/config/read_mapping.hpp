#pragma once

#include <string_view>

#include "lib/catalogue/column_mapping.hpp"
#include "lib/catalogue/table_cut.hpp"
#include "lib/config/reader.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/pixel_grid.hpp"

namespace lensmill::config {

/// Whether a convention that the columns need may be left unstated.
enum class Unstated {
  is_error,
  is_default,  ///< the documented default is meant (audit)
};

/// `columns` (ours: theirs, or ours: {THEIRS_KEY: theirs, unit, factor, offset,
/// zero_point_mag}) and `conventions` of a section. What is wrong is reported: names
/// that are no quantity (with the nearest one), units that are none of the quantity's,
/// conventions that are needed and not stated (with the choices).
/// \param theirs_key "column", "dataset"
catalogue::ColumnMapping read_mapping(const Section& section, const BandNames& bands,
                                      const PixelGrid& grid,
                                      std::string_view theirs_key, Unstated unstated);

/// `cuts` of a section: a column to [min, max], to true or false, or to a text or a
/// list of texts. Two numbers are always a range.
std::vector<catalogue::TableCut> read_cuts(const Section& section);

}  // namespace lensmill::config
