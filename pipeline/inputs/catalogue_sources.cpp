#include "pipeline/inputs/catalogue_sources.hpp"

#include "lib/catalogue/csv_header.hpp"
#include "lib/catalogue/csv_source.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {

CatalogueFormat catalogue_format_of(const std::string& path) {
  switch (file_format_of(path)) {
    case FileFormat::text: return CatalogueFormat::csv;
    case FileFormat::hdf5: return CatalogueFormat::hdf5;
    case FileFormat::fits: return CatalogueFormat::fits;
    case FileFormat::unknown: break;
  }
  catalogue::refuse_other_formats(path);
  throw DataError(path +
                  ": is neither CSV, HDF5 nor FITS (binary data of another kind, or a "
                  "damaged beginning)");
}

std::unique_ptr<const catalogue::ColumnSource> open_binary_catalogue(
    const std::string& path, CatalogueFormat format) {
  EXPECT(format != CatalogueFormat::csv);
  if (format == CatalogueFormat::hdf5) return std::make_unique<Hdf5Source>(path);
  refuse_large_gzip(path);
  return std::make_unique<FitsSource>(path);
}

std::unique_ptr<const catalogue::ColumnSource> open_table(const std::string& path) {
  const auto format = catalogue_format_of(path);
  if (format != CatalogueFormat::csv) return open_binary_catalogue(path, format);
  return std::make_unique<const catalogue::CsvSource>(path);
}

}  // namespace lensmill::pipeline
