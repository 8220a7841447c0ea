#include "pipeline/inputs/open_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/catalogue/columns.hpp"
#include "lib/catalogue/converted_source.hpp"
#include "lib/catalogue/csv_source.hpp"
#include "lib/catalogue/validate_file.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::ColumnSource;
using catalogue::ConvertedSource;
using catalogue::CsvSource;

/// A table without some of its columns.
class LessColumns final : public ColumnSource {
 public:
  LessColumns(std::unique_ptr<const ColumnSource> source,
              const std::vector<std::string>& left_out)
      : source_(std::move(source)) {
    for (const auto& name : source_->columns()) {
      const bool out = std::ranges::any_of(left_out, [&](const auto& other) {
        return lower_case(name) == lower_case(other);
      });
      if (!out) columns_.push_back(name);
    }
  }

  const std::string& path() const override { return source_->path(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::int64_t rows() const override { return source_->rows(); }
  catalogue::ColumnFacts facts(const std::string& column) const override {
    return source_->facts(column);
  }
  std::vector<catalogue::UnreadColumn> unread() const override {
    return source_->unread();
  }
  std::vector<std::string> problems() const override { return source_->problems(); }
  Table read(std::int64_t first, std::int64_t count,
             std::span<const std::string> columns,
             std::vector<catalogue::BadCell>& bad) const override {
    return source_->read(first, count, columns, bad);
  }
  std::string where(std::int64_t row) const override { return source_->where(row); }

 private:
  std::unique_ptr<const ColumnSource> source_;
  std::vector<std::string> columns_;
};

/// Columns to pass over in a run with real hosts: those used elsewhere, and host_id,
/// which this program's own catalogues have beside host_index.
/// \throws DataError where host_id alone would have to say a row's host
std::vector<std::string> passed_over(const ColumnSource& source,
                                     std::vector<std::string> used_elsewhere,
                                     std::vector<std::string>& warnings) {
  const std::string host_id(catalogue::host_id);
  const auto has = [&](const std::string& name) {
    return std::ranges::find(source.columns(), name) != source.columns().end();
  };
  const bool is_text = std::ranges::any_of(
      source.unread(), [&](const auto& column) { return column.name == host_id; });
  const bool is_used = std::ranges::any_of(used_elsewhere, [&](const auto& name) {
    return lower_case(name) == lower_case(host_id);
  });
  if (is_used || (!has(host_id) && !is_text)) return used_elsewhere;
  if (!has("host_index")) {
    throw DataError(fmt::format(
        "{}: column `{}`: a row names its host by host_index, or by the host's file "
        "(host.cutouts: {{files: {{column: NAME}}}})",
        source.path(), host_id));
  }
  warnings.push_back(
      fmt::format("{}: column `{}` is not used: host_index says which "
                  "host a row has",
                  source.path(), host_id));
  used_elsewhere.push_back(host_id);
  return used_elsewhere;
}

std::unique_ptr<const ColumnSource> open_file(
    const std::string& path, const catalogue::Needs& needs,
    const parallel::Communicator& world, std::vector<std::string>& warnings,
    const std::vector<std::string>& used_elsewhere) {
  CatalogueFormat format{};
  catalogue::CsvIndex index;
  std::unique_ptr<const ColumnSource> source;
  const auto convert = [&] {
    std::vector<std::string> noticed;
    if (needs.host == catalogue::HostSource::cutouts) {
      auto names = passed_over(*source, used_elsewhere, noticed);
      source = std::make_unique<const LessColumns>(std::move(source), names);
    }
    auto converted = std::make_unique<const ConvertedSource>(std::move(source));
    std::ranges::copy(converted->conversions(), std::back_inserter(noticed));
    if (world.is_root()) warnings = std::move(noticed);
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
    const parallel::Communicator& world, std::vector<std::string>& warnings,
    const std::vector<std::string>& used_elsewhere) {
  using config::CatalogueKind;
  switch (section.kind) {
    case CatalogueKind::sampled:
    case CatalogueKind::sobol: break;
    case CatalogueKind::grid:
      return std::make_shared<const catalogue::GridRows>(section.grid);
    case CatalogueKind::file:
      return std::make_shared<const catalogue::FileRows>(
          open_file(section.file, needs, world, warnings, used_elsewhere));
  }
  return std::make_shared<const catalogue::SampledRows>(
      section.keep.criteria.empty() ? section.count : section.candidates);
}

}  // namespace lensmill::pipeline
