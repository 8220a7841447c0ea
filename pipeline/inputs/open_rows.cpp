#include "pipeline/inputs/open_rows.hpp"

#include "lib/catalogue/converted_source.hpp"
#include "lib/catalogue/csv_source.hpp"
#include "lib/catalogue/validate_file.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::ColumnSource;
using catalogue::ConvertedSource;
using catalogue::CsvSource;

std::unique_ptr<const ColumnSource> open_file(const std::string& path,
                                              const catalogue::Needs& needs,
                                              const parallel::Communicator& world,
                                              std::vector<std::string>& warnings) {
  CatalogueFormat format{};
  catalogue::CsvIndex index;
  std::unique_ptr<const ColumnSource> source;
  const auto convert = [&] {
    auto converted = std::make_unique<const ConvertedSource>(std::move(source));
    if (world.is_root()) warnings = converted->conversions();
    source = std::move(converted);
  };
  world.agree([&] {
    if (!world.is_root()) return;
    format = catalogue_format_of(path);
    if (format == CatalogueFormat::csv) {
      auto csv = std::make_unique<const CsvSource>(path);
      index = csv->index();
      source = std::move(csv);
    } else {
      source = open_binary_catalogue(path, format);
    }
    convert();
    catalogue::validate_file(*source, needs);
  });
  world.broadcast(format);
  world.broadcast(index);
  world.agree([&] {
    if (world.is_root()) return;
    if (format == CatalogueFormat::csv) {
      source = std::make_unique<const CsvSource>(path, std::move(index));
    } else {
      source = open_binary_catalogue(path, format);
    }
    convert();
  });
  return source;
}

}  // namespace

std::shared_ptr<const catalogue::Rows> open_rows(
    const config::CatalogueSection& section, const catalogue::Needs& needs,
    const parallel::Communicator& world, std::vector<std::string>& warnings) {
  using config::CatalogueKind;
  switch (section.kind) {
    case CatalogueKind::sampled:
    case CatalogueKind::sobol: break;
    case CatalogueKind::grid:
      return std::make_shared<const catalogue::GridRows>(section.grid);
    case CatalogueKind::file:
      return std::make_shared<const catalogue::FileRows>(
          open_file(section.file, needs, world, warnings));
  }
  return std::make_shared<const catalogue::SampledRows>(section.count);
}

}  // namespace lensmill::pipeline
