#include "pipeline/inputs/open_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/catalogue/columns.hpp"
#include "lib/catalogue/converted_source.hpp"
#include "lib/catalogue/csv_source.hpp"
#include "lib/catalogue/mapped_source.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/catalogue/selected_source.hpp"
#include "lib/catalogue/table_cut.hpp"
#include "lib/catalogue/validate_file.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "pipeline/inputs/carried_columns.hpp"
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

/// A file as one rank opens it. What takes a look through all rows the root does, for
/// all ranks.
class OpenFile {
 public:
  OpenFile(const config::CatalogueSection& section, const catalogue::Needs& needs,
           const std::vector<std::string>& used_elsewhere,
           const parallel::Communicator& world)
      : section_(section),
        needs_(needs),
        used_elsewhere_(used_elsewhere),
        world_(world) {}

  OpenedRows open() {
    std::unique_ptr<const ColumnSource> source;
    world_.agree([&] {
      if (!world_.is_root()) return;
      format_ = catalogue_format_of(section_.file);
      source = as_it_is();
      if (!section_.cuts.empty()) {
        selected_ = catalogue::select_rows(*source, section_.cuts,
                                           "catalogue.file.cuts", warnings_);
      }
      for (const auto& name : section_.carry)
        carried_.push_back(carried(*source, name));
      source = with_our_columns(cut(std::move(source)));
      catalogue::validate_file(*source, needs_);
    });
    world_.broadcast(format_);
    world_.broadcast(index_);
    world_.broadcast(selected_);
    broadcast_columns(carried_, world_);
    world_.agree([&] {
      if (!world_.is_root()) source = with_our_columns(cut(as_it_is()));
      std::unique_ptr<const ColumnSource> carried_from;
      if (!carried_.empty()) carried_from = cut(as_it_is());
      opened_.rows = std::make_shared<const catalogue::FileRows>(
          std::move(source), std::move(carried_from), std::move(carried_));
    });
    if (world_.is_root()) opened_.warnings = std::move(warnings_);
    return std::move(opened_);
  }

 private:
  std::unique_ptr<const ColumnSource> as_it_is() {
    if (format_ != CatalogueFormat::csv) {
      return open_binary_catalogue(section_.file, format_);
    }
    auto csv = index_.empty()
                   ? std::make_unique<const CsvSource>(section_.file)
                   : std::make_unique<const CsvSource>(section_.file, index_);
    index_ = csv->index();
    return csv;
  }

  std::unique_ptr<const ColumnSource> cut(
      std::unique_ptr<const ColumnSource> source) const {
    if (section_.cuts.empty()) return source;
    return std::make_unique<const catalogue::SelectedSource>(std::move(source),
                                                             selected_);
  }

  std::unique_ptr<const ColumnSource> with_our_columns(
      std::unique_ptr<const ColumnSource> source) {
    if (!section_.mapping.empty()) {
      auto mapped = std::make_unique<const catalogue::MappedSource>(std::move(source),
                                                                    section_.mapping);
      opened_.sky_angles = mapped->sky_angles();
      return mapped;
    }
    std::vector<std::string> left_out;
    if (needs_.host == catalogue::HostSource::cutouts) {
      left_out = passed_over(*source, used_elsewhere_, warnings_);
    }
    std::ranges::copy(section_.carry, std::back_inserter(left_out));
    for (const auto& cut : section_.cuts) {
      // A column of ours may be cut, too.
      if (!catalogue::find_quantity(cut.column)) left_out.push_back(cut.column);
    }
    auto converted = std::make_unique<const ConvertedSource>(
        std::make_unique<const LessColumns>(std::move(source), left_out));
    std::ranges::copy(converted->conversions(), std::back_inserter(warnings_));
    return converted;
  }

  const config::CatalogueSection& section_;
  const catalogue::Needs& needs_;
  const std::vector<std::string>& used_elsewhere_;
  const parallel::Communicator& world_;
  CatalogueFormat format_{};
  catalogue::CsvIndex index_;
  std::vector<std::int64_t> selected_;
  std::vector<ColumnInfo> carried_;
  std::vector<std::string> warnings_;
  OpenedRows opened_;
};

}  // namespace

OpenedRows open_rows(const config::CatalogueSection& section,
                     const catalogue::Needs& needs, const parallel::Communicator& world,
                     const std::vector<std::string>& used_elsewhere) {
  using config::CatalogueKind;
  OpenedRows opened;
  switch (section.kind) {
    case CatalogueKind::sampled:
    case CatalogueKind::sobol: break;
    case CatalogueKind::grid:
      opened.rows = std::make_shared<const catalogue::GridRows>(section.grid);
      return opened;
    case CatalogueKind::file:
      return OpenFile(section, needs, used_elsewhere, world).open();
  }
  opened.rows = std::make_shared<const catalogue::SampledRows>(
      section.keep.criteria.empty() ? section.count : section.candidates);
  return opened;
}

}  // namespace lensmill::pipeline
