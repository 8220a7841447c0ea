#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lib/core/contracts.hpp"

namespace lensmill {

/// Element types of a column on disk. `text` is a byte of a string of fixed
/// length, padded with zeros: the last axis of a row's shape counts them, and HDF5 has
/// one string in its place.
enum class ElementType { uint8, int16, int32, int64, uint64, float32, float64, text };

template <class T>
constexpr ElementType element_type_of() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return ElementType::uint8;
  if constexpr (std::is_same_v<T, std::int16_t>) return ElementType::int16;
  if constexpr (std::is_same_v<T, std::int32_t>) return ElementType::int32;
  if constexpr (std::is_same_v<T, std::int64_t>) return ElementType::int64;
  if constexpr (std::is_same_v<T, std::uint64_t>) return ElementType::uint64;
  if constexpr (std::is_same_v<T, float>) return ElementType::float32;
  if constexpr (std::is_same_v<T, double>) return ElementType::float64;
  if constexpr (std::is_same_v<T, char>) return ElementType::text;
}

constexpr std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::uint8:
    case ElementType::text: return 1;
    case ElementType::int16: return 2;
    case ElementType::int32:
    case ElementType::float32: return 4;
    case ElementType::int64:
    case ElementType::uint64:
    case ElementType::float64: return 8;
  }
  return 0;
}

/// NumPy's name of the type, as used in messages and checksums.
constexpr std::string_view to_string(ElementType type) {
  switch (type) {
    case ElementType::uint8: return "uint8";
    case ElementType::int16: return "int16";
    case ElementType::int32: return "int32";
    case ElementType::int64: return "int64";
    case ElementType::uint64: return "uint64";
    case ElementType::float32: return "float32";
    case ElementType::float64: return "float64";
    case ElementType::text: return "text";
  }
  return "unknown";
}

/// What a column is: its name on disk, unit ("" for none), one-sentence description,
/// type, and the shape of one row ({} for a scalar, {band, radius} for an array).
struct ColumnInfo {
  std::string name;
  std::string unit;
  std::string description;
  ElementType type = ElementType::float64;
  std::vector<std::size_t> row_shape;

  std::size_t row_elements() const {
    std::size_t n = 1;
    for (auto extent : row_shape) n *= extent;
    return n;
  }
  std::size_t row_bytes() const { return row_elements() * size_of(type); }
};

/// A block of rows of one column, contiguous, row after row.
class Column {
 public:
  Column() = default;
  Column(ColumnInfo info, std::size_t rows)
      : info_(std::move(info)), rows_(rows), bytes_(rows * info_.row_bytes()) {}

  const ColumnInfo& info() const { return info_; }
  std::size_t rows() const { return rows_; }
  void resize(std::size_t rows) {
    rows_ = rows;
    bytes_.resize(rows * info_.row_bytes());
  }
  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  /// The elements of all rows; T must be the column's type.
  template <class T>
  std::span<T> values() {
    EXPECT(element_type_of<T>() == info_.type);
    return {reinterpret_cast<T*>(bytes_.data()), rows_ * info_.row_elements()};
  }
  template <class T>
  std::span<const T> values() const {
    EXPECT(element_type_of<T>() == info_.type);
    return {reinterpret_cast<const T*>(bytes_.data()), rows_ * info_.row_elements()};
  }
  /// The elements of one row.
  template <class T>
  std::span<T> row(std::size_t index) {
    EXPECT(index < rows_);
    return values<T>().subspan(index * info_.row_elements(), info_.row_elements());
  }
  template <class T>
  std::span<const T> row(std::size_t index) const {
    EXPECT(index < rows_);
    return values<T>().subspan(index * info_.row_elements(), info_.row_elements());
  }

 private:
  ColumnInfo info_;
  std::size_t rows_ = 0;
  std::vector<std::byte> bytes_;
};

/// Columns of equal length.
using Table = std::vector<Column>;

/// The column of that name, or nullptr.
inline const Column* find_column(const Table& table, std::string_view name) {
  for (const auto& column : table) {
    if (column.info().name == name) return &column;
  }
  return nullptr;
}

}  // namespace lensmill
