#pragma once

#include <hdf5.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/column.hpp"
#include "lib/io/hdf5/check.hpp"

namespace lensmill::io::hdf5 {

/// Extents, slowest first; {} is a scalar.
using Shape = std::vector<std::size_t>;

/// Number of elements of a shape (1 for a scalar).
std::size_t elements(const Shape& shape);
/// "100 x 64 x 64", or "scalar".
std::string to_string(const Shape& shape);

/// HDF5's type in memory (native order) and in our files (little-endian) of numbers.
/// Predefined types: not to be closed.
hid_t memory_type(ElementType type);
hid_t file_type(ElementType type);

/// What a dataset or attribute contains, as far as lensmill is concerned.
/// `boolean` is what h5py and PyTables make of truth values: an enumeration of FALSE
/// (0) and TRUE (1), which is read as uint8; `compound` a table of several columns in
/// one.
enum class Content { integer, floating, string, boolean, compound, other };

struct TypeInfo {
  Content content = Content::other;
  std::size_t bytes = 0;         ///< of one element
  bool variable_length = false;  ///< strings only
  bool is_signed = true;         ///< integers only
  bool is_ascii = false;         ///< strings only: else UTF-8
  /// The lensmill type that contains exactly these values, if there is one: `text` for
  /// strings of fixed length.
  std::optional<ElementType> element_type() const;
  /// "float64", "uint16", "string", ...
  std::string text() const;
};
TypeInfo describe(const Handle& type, const Place& place);

/// Whether every value of the type on disk survives conversion to `wanted`: not floats
/// to integers, not wide integers to narrow ones. (Integers to floats and double to
/// float are accepted: they round.)
bool converts_to(const TypeInfo& on_disk, ElementType wanted);

/// Type and shape [rows, row shape...] of a column in our files: of `text`, strings
/// without the axis of their bytes.
Handle column_type(const ColumnInfo& info, const Place& place);
Shape column_shape(const ColumnInfo& info, std::size_t rows);

/// A string type of `bytes` (null-padded), or of variable length if 0; UTF-8, or of
/// ASCII's character set, to read what is declared so (HDF5 converts between them in no
/// way).
Handle string_type(std::size_t bytes, const Place& place, bool is_ascii = false);

}  // namespace lensmill::io::hdf5
