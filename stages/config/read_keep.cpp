#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/catalogue/quantities.hpp"
#include "lib/config/scalars.hpp"
#include "lib/config/suggest.hpp"
#include "lib/core/text.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr std::string_view limit_key = "min_acceptance";
constexpr auto interval_type = "[min, max], ends included; inf, -inf: no bound";
// As many rows as a sampled catalogue may have.
constexpr double most_rows = 1.0e15;

/// A number, or an infinity as Python or YAML writes it.
std::optional<double> end_of(const Node& node) {
  if (const auto number = parse_number(node)) return number;
  if (node.kind != Node::Kind::scalar || node.quoted) return {};
  std::string text = lower_case(node.scalar);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.erase(0, 1);
  if (text != "inf" && text != ".inf") return {};
  const double infinity = std::numeric_limits<double>::infinity();
  return negative ? -infinity : infinity;
}

std::optional<Interval> read_interval(const Section& section, const std::string& key) {
  section.describe(key, interval_type);
  const Node* node = section.node(key);
  std::vector<double> ends;
  if (node != nullptr && node->kind == Node::Kind::list) {
    for (const auto& item : node->items) {
      if (const auto end = end_of(item)) ends.push_back(*end);
    }
  }
  if (ends.size() != 2 || node->items.size() != 2) {
    section.problem(
        key, fmt::format("must be an interval [min, max], e.g. [5, inf] (got {})",
                         node == nullptr ? "nothing" : node->describe()));
    return {};
  }
  section.record_node(key, number_list_node(ends));
  const Interval interval{ends[0], ends[1]};
  const bool only_infinity =
      interval.lower == interval.upper && std::isinf(interval.lower);
  if (!(interval.lower <= interval.upper) || only_infinity) {
    section.problem(key, fmt::format("[{}, {}] is empty: no row would be kept; give "
                                     "[min, max] with min <= max",
                                     interval.lower, interval.upper));
  }
  return interval;
}

void read_criteria(const Section& keep, const std::string& column,
                   std::vector<measure::Criterion>& criteria) {
  if (!keep.is_map(column)) {
    if (const auto interval = read_interval(keep, column)) {
      criteria.push_back({.column = column, .interval = *interval});
    }
    return;
  }
  const Section by_band = keep.member(column, "<column>");
  if (by_band.keys().empty()) {
    keep.problem(column, "is an empty map; give {band: [min, max]}");
  }
  for (const auto& band : by_band.keys()) {
    if (const auto interval = read_interval(by_band, band)) {
      criteria.push_back({.column = column, .band = band, .interval = *interval});
    }
  }
}

std::string refusal(CatalogueKind kind) {
  switch (kind) {
    case CatalogueKind::sampled: return "";
    case CatalogueKind::sobol:
      return "a selection takes points out of a Sobol design, which is even as a whole "
             "only; use `sampled`, or select among the run's rows afterwards";
    case CatalogueKind::grid:
      return "a grid is made as it is stated; select among the run's rows afterwards";
    case CatalogueKind::file:
      return "a file has the rows that it has, and no count to be reached by drawing "
             "more; use `sampled`, or select among the run's rows afterwards";
  }
  return "";
}

/// The column, or what is wrong with it: PROBLEM (WHY); SUGGESTION.
std::string column_problem(const measure::Criterion& criterion,
                           const measure::MeasurementSchema& schema,
                           const BandNames& bands) {
  using measure::ColumnAxes;
  std::vector<std::string> usable;
  for (std::size_t k = 0; k < schema.columns().size(); ++k) {
    const auto& name = schema.columns()[k].name;
    if (schema.axes()[k] != ColumnAxes::other) usable.push_back(name);
    if (name != criterion.column) continue;
    const auto axes = schema.axes()[k];
    if (axes == ColumnAxes::other) {
      return "has more than one number a row and band; a selection needs one (a column "
             "of /measurements of shape [N] or [N, band])";
    }
    if (axes == ColumnAxes::none) {
      if (criterion.band.empty()) return "";
      return fmt::format("has no bands; write {}: [min, max]", name);
    }
    if (criterion.band.empty()) {
      if (bands.size() == 1) return "";
      return fmt::format(
          "has a number in each of the bands {}; say which: {}: {{{}: [min, max]}}{}",
          fmt::join(bands, ", "), name, bands.front(),
          name == "arc_snr" ? ", or arc_snr_total: [min, max] for all together" : "");
    }
    if (std::ranges::find(bands, criterion.band) != bands.end()) return "";
    return fmt::format("no band `{}` in this run; bands: {}", criterion.band,
                       fmt::join(bands, ", "));
  }
  for (const auto& band : bands) {
    const std::string suffix = "_" + band;
    if (!criterion.column.ends_with(suffix)) continue;
    const auto stem =
        criterion.column.substr(0, criterion.column.size() - suffix.size());
    if (std::ranges::find(usable, stem) == usable.end()) continue;
    return fmt::format("no such column of /measurements; write {}: {{{}: [min, max]}}",
                       stem, band);
  }
  if (catalogue::find_quantity(criterion.column)) {
    return "is drawn, not measured: a selection is by columns of /measurements; narrow "
           "its prior instead";
  }
  return "no such column of /measurements: " + suggest_key(criterion.column, usable);
}

}  // namespace

measure::MeasurementSchema schema_of(const RunConfig& config) {
  return {config.bands,
          config.measure.aperture_radius_pix,
          config.grid.stamp_size_pix / 2,
          config.host.has_masks() ? measure::Masks::yes : measure::Masks::no,
          config.noise.correlated(),
          config.source.kind == SourceKind::point ? measure::PointSources::yes
                                                  : measure::PointSources::no};
}

std::int64_t most_candidates(std::int64_t count, double min_acceptance,
                             std::int64_t rows_per_shard) {
  const auto wanted =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(count) / min_acceptance));
  return (wanted + rows_per_shard - 1) / rows_per_shard * rows_per_shard;
}

void read_keep(const Section& catalogue, RunConfig& config) {
  if (!catalogue.has("keep")) return;
  auto& out = config.catalogue.keep;
  const auto reason = refusal(config.catalogue.kind);
  if (!reason.empty()) catalogue.problem("keep", reason);
  const Section keep = catalogue.section("keep");
  for (const auto& column : keep.keys()) {
    if (column != limit_key) read_criteria(keep, column, out.criteria);
  }
  out.min_acceptance =
      keep.number(limit_key, above_up_to(0.0, 1.0), out.min_acceptance);
  const auto names = keep.keys();
  if (std::ranges::all_of(names, [](const auto& name) { return name == limit_key; })) {
    catalogue.problem("keep",
                      "names no measurement; give e.g. magnification: [3, inf], or "
                      "leave `keep` out");
  }
}

void check_keep(const Section& root, RunConfig& config) {
  auto& catalogue = config.catalogue;
  if (catalogue.keep.criteria.empty()) return;
  const Section section = root.section("catalogue");
  const Section keep = section.section("keep");
  const auto schema = schema_of(config);
  for (const auto& criterion : catalogue.keep.criteria) {
    const auto problem = column_problem(criterion, schema, config.bands);
    if (!problem.empty()) keep.problem(criterion.column, problem);
  }
  if (config.host.policy == HostPolicy::once) {
    section.problem("keep",
                    "with host_policy: once the host of a row that is not kept would "
                    "be lost; use host_policy: reuse, or select among the run's rows "
                    "afterwards");
  }
  const double wanted =
      static_cast<double>(catalogue.count) / catalogue.keep.min_acceptance;
  if (wanted > most_rows) {
    keep.problem(
        limit_key,
        fmt::format("lets {:.3g} candidates be tried for {} rows, at most {:g} "
                    "are possible; give a larger one",
                    wanted, grouped(catalogue.count), most_rows));
    return;
  }
  const std::int64_t block = std::max<std::int64_t>(1, config.output.rows_per_shard);
  catalogue.candidates =
      most_candidates(catalogue.count, catalogue.keep.min_acceptance, block);
  const auto problem = shards_problem(catalogue.candidates, block);
  if (!problem.empty()) {
    keep.problem(limit_key, "lets too many candidates be tried: " + problem);
  }
}

}  // namespace lensmill::config
