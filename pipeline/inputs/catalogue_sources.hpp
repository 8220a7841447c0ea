#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"
#include "lib/io/fits/table_hdu.hpp"
#include "lib/io/hdf5/file.hpp"

/// \file
/// Catalogue files in HDF5 and FITS, behind the interface of lib/catalogue.

namespace lensmill::pipeline {

enum class CatalogueFormat { csv, hdf5, fits };

/// What a file is, by its first bytes. \throws IoError if it cannot be read, DataError
/// if it is empty or binary of another kind
CatalogueFormat catalogue_format_of(const std::string& path);

/// The one-dimensional numeric datasets of an HDF5 file's group `catalogue` (as in
/// lensmill's own files), or of its root where there is no such group.
class Hdf5Source final : public catalogue::ColumnSource {
 public:
  /// \throws IoError; DataError: not HDF5, no such datasets, unequal lengths, a dataset
  ///   that was declared and never written
  explicit Hdf5Source(std::string path);

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& columns() const override { return names_; }
  std::int64_t rows() const override { return rows_; }
  /// The unit by the attribute `unit`, else `units`.
  catalogue::ColumnFacts facts(const std::string& column) const override;
  std::vector<catalogue::UnreadColumn> unread() const override { return unread_; }
  Table read(std::int64_t first, std::int64_t count,
             std::span<const std::string> columns,
             std::vector<catalogue::BadCell>& bad) const override;
  std::vector<std::string> read_texts(std::int64_t first, std::int64_t count,
                                      const std::string& column) const override;
  ColumnInfo stored(const std::string& column) const override;
  Column read_stored(std::int64_t first, std::int64_t count,
                     const ColumnInfo& info) const override;

 private:
  io::hdf5::Dataset open(const std::string& column) const;

  std::string path_;
  io::hdf5::File file_;
  io::hdf5::Group group_;
  std::vector<std::string> names_;
  std::vector<catalogue::UnreadColumn> unread_;
  std::int64_t rows_ = 0;
};

/// The scalar numeric columns of a FITS file's table. Integer columns that
/// declare undefined values (TNULL) come as float64, with NaN for those.
class FitsSource final : public catalogue::ColumnSource {
 public:
  /// The file's only table beside LDAC_IMHEAD. \throws IoError; DataError: not FITS, no
  /// table, several, no such columns
  explicit FitsSource(std::string path);
  /// The same of a table that is open.
  FitsSource(std::string path, io::fits::TableHdu table);

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& columns() const override { return names_; }
  std::int64_t rows() const override { return table_.rows(); }
  /// The unit by TUNIT.
  catalogue::ColumnFacts facts(const std::string& column) const override;
  std::vector<catalogue::UnreadColumn> unread() const override { return unread_; }
  Table read(std::int64_t first, std::int64_t count,
             std::span<const std::string> columns,
             std::vector<catalogue::BadCell>& bad) const override;
  std::vector<std::string> read_texts(std::int64_t first, std::int64_t count,
                                      const std::string& column) const override;
  ColumnInfo stored(const std::string& column) const override;
  Column read_stored(std::int64_t first, std::int64_t count,
                     const ColumnInfo& info) const override;

 private:
  std::string path_;
  io::fits::TableHdu table_;
  std::vector<std::string> names_;
  std::vector<catalogue::UnreadColumn> unread_;
};

/// An HDF5 or FITS source. \throws as the constructors
std::unique_ptr<const catalogue::ColumnSource> open_binary_catalogue(
    const std::string& path, CatalogueFormat format);

/// A table in any of the formats. \throws as the constructors
std::unique_ptr<const catalogue::ColumnSource> open_table(const std::string& path);

}  // namespace lensmill::pipeline
