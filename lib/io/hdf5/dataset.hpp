#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/io/hdf5/object.hpp"
#include "lib/io/hdf5/seal.hpp"
#include "lib/io/hdf5/transfer.hpp"

namespace lensmill::io::hdf5 {

/// A dataset read whole.
template <class T>
struct Array {
  Shape shape;
  std::vector<T> values;  ///< row-major
};

/// A dataset of numbers or strings. Rows are counted along its first axis.
class Dataset : public Object {
 public:
  const Shape& shape() const { return shape_; }
  /// Extent of the first axis; 1 for a scalar.
  std::size_t rows() const { return shape_.empty() ? 1 : shape_.front(); }
  std::size_t row_elements() const {
    return rows() == 0 ? 0 : elements(shape_) / rows();
  }
  const TypeInfo& type() const { return type_; }

  /// Write rows [first, first + n) from `values`, n = values.size() / row elements.
  /// \collective with a collective Transfer: every rank calls, if only with no rows.
  /// \independent otherwise.
  /// \throws IoError
  template <class T>
  void write_rows(std::size_t first, std::span<const T> values, Transfer& transfer) {
    static_assert(element_type_of<T>() != ElementType::text);
    EXPECT(row_elements() == 0 || values.size() % row_elements() == 0);
    write_rows_raw(first, row_elements() == 0 ? 0 : values.size() / row_elements(),
                   element_type_of<T>(), values.data(), transfer);
  }
  /// The same for values known only by type; `values` may be null when rows == 0.
  void write_rows_raw(std::size_t first, std::size_t rows, ElementType type,
                      const void* values, Transfer& transfer);

  /// Write everything, serial or independent.
  template <class T>
  void write_all(std::span<const T> values) {
    EXPECT(values.size() == elements(shape_));
    Transfer transfer;
    write_rows_raw(0, rows(), element_type_of<T>(), values.data(), transfer);
  }
  /// Write all strings (fixed-length datasets only, padded with zeros).
  void write_strings(std::span<const std::string> values);

  /// Read rows [first, first + rows), converted to T.
  /// \throws DataError if the rows don't exist or T can't hold the values, IoError
  template <class T>
  std::vector<T> read_rows(std::size_t first, std::size_t rows) const {
    Shape start(shape_.size(), 0);
    Shape count(shape_);
    if (!count.empty()) {
      start.front() = first;
      count.front() = rows;
    }
    return read_block<T>(start, count);
  }
  /// Read the block `start`, `count` (one entry per axis), row-major.
  template <class T>
  std::vector<T> read_block(const Shape& start, const Shape& count) const {
    static_assert(element_type_of<T>() != ElementType::text);
    std::vector<T> values(checked_block(start, count, element_type_of<T>()));
    read_block_raw(start, count, element_type_of<T>(), values.data());
    return values;
  }
  template <class T>
  Array<T> read_all() const {
    return {shape_, read_block<T>(Shape(shape_.size(), 0), shape_)};
  }
  std::vector<std::string> read_strings() const;
  /// The strings of rows [first, first + rows) of a dataset with one axis.
  std::vector<std::string> read_strings(std::size_t first, std::size_t rows) const;

  /// The block as raw bytes of `type`; out must hold them all. `text` (strings of fixed
  /// length): all bytes of each.
  void read_block_raw(const Shape& start, const Shape& count, ElementType type,
                      void* out) const;

  /// Where a contiguous dataset's bytes lie in the file. \independent
  Extent extent() const;
  /// Whether this is a virtual dataset (over other files).
  bool is_virtual() const;
  /// Whether the file has all values: those of a dataset that was declared and never
  /// written, or not all of whose chunks were, read as fill values. A virtual dataset
  /// counts as written.
  bool is_written() const;

 private:
  friend class Group;
  Dataset(Handle handle, Place place, std::shared_ptr<FileState> state);
  /// Elements of the block. \throws DataError as read_block
  std::size_t checked_block(const Shape& start, const Shape& count,
                            ElementType wanted) const;
  Handle file_space() const;

  Shape shape_;
  TypeInfo type_;
};

}  // namespace lensmill::io::hdf5
