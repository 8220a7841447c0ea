#include "pipeline/analyse/run_numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>

#include "lib/analysis/grouped_sums.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "pipeline/program/steps.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Bins;
using analysis::QuantileSketch;
using parallel::Communicator;

constexpr double infinity = std::numeric_limits<double>::infinity();
// Larger values take part in counts and quantiles, not in means.
constexpr double largest_value = 1.0e8;

/// First pass: what ranges the variables have.
struct Ranges {
  enum Quantity : std::size_t { n, sum, quantities };
  std::vector<double> extremes;  ///< [variable]: smallest, then minus the largest
  analysis::GroupedSums sums;    ///< a variable is a cell
  std::int64_t rows = 0;

  explicit Ranges(std::size_t variables)
      : extremes(2 * variables, infinity), sums(variables, quantities, 1) {}

  void add(const RowBlock& block) {
    const std::size_t count = extremes.size() / 2;
    rows += static_cast<std::int64_t>(block.rows.size());
    for (std::size_t i = 0; i < block.rows.size(); ++i) {
      for (std::size_t k = 0; k < count; ++k) {
        const double value = block.variables[i * count + k];
        if (!std::isfinite(value)) continue;
        extremes[k] = std::min(extremes[k], value);
        extremes[count + k] = std::min(extremes[count + k], -value);
        if (std::abs(value) > largest_value) continue;
        sums.add(k, 0, n, 1.0);
        sums.add(k, 0, sum, value);
      }
    }
  }
  void reduce(const Communicator& world) {
    world.minimum(std::span(extremes));
    world.sum(sums.state());
    rows = world.sum(rows);
  }
};

void reduce(QuantileSketch& sketch, const Communicator& world) {
  world.sum(sketch.counts());
  world.minimum(sketch.extremes());
}

QuantileSketch sketch_for(const Ranges& ranges, std::size_t variable) {
  const std::size_t count = ranges.extremes.size() / 2;
  if (std::isinf(ranges.extremes[variable])) return {};
  return {ranges.extremes[variable], -ranges.extremes[count + variable]};
}

/// The ranks' parts of the sample, put in the order of the run's rows.
void gather_sample(RunNumbers& numbers, std::size_t variables,
                   const Communicator& world) {
  auto& sample = numbers.sample;
  const auto rows = world.all_gather(std::span<const std::int64_t>(numbers.sample_row));
  const auto units = world.all_gather(std::span<const std::int64_t>(sample.unit));
  const auto values = world.all_gather(std::span<const double>(sample.values));
  const auto response = world.all_gather(std::span<const double>(sample.response));
  const auto lead_split =
      world.all_gather(std::span<const double>(numbers.sample_lead_split));
  const auto lead_net =
      world.all_gather(std::span<const double>(numbers.sample_lead_net));
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t k) { return rows[k]; });
  sample.unit.clear();
  sample.values.clear();
  sample.response.clear();
  numbers.sample_row.clear();
  numbers.sample_lead_split.clear();
  numbers.sample_lead_net.clear();
  for (const std::size_t k : order) {
    numbers.sample_row.push_back(rows[k]);
    sample.unit.push_back(units[k]);
    sample.response.push_back(response[k]);
    numbers.sample_lead_split.push_back(lead_split[k]);
    numbers.sample_lead_net.push_back(lead_net[k]);
    const auto row = std::span(values).subspan(k * variables, variables);
    sample.values.insert(sample.values.end(), row.begin(), row.end());
  }
}

}  // namespace

RunNumbers read_numbers(const RunOnDisk& run, const RowReader& reader,
                        const AnalysisOptions& options, const Communicator& world,
                        Log& log) {
  const auto& variables = reader.variables();
  Ranges ranges(variables.size());
  const auto count_rows = [](Steps& steps, const RowBlock& block) {
    steps.done(std::ssize(block.rows) + std::ssize(block.left_out));
  };
  world.agree([&] {
    Steps steps(log, "rows read for their ranges", run.plan.rows, world.size());
    for_each_block(run, reader, world, [&](const RowBlock& b) {
      ranges.add(b);
      count_rows(steps, b);
    });
  });
  ranges.reduce(world);

  const Bins bins(options.theta_e_edges_arcsec);
  // Bins of host magnitude and seeing: fixed, so that runs can be compared.
  const Bins host_mag({16, 17, 18, 19, 20, 21, 22, 23, 24});
  const Bins seeing_arcsec({0.05, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0});
  const std::size_t cells = bins.count() + 2;  // rows outside the bins, and all
  const std::size_t core = reader.variable("core_flux_fraction");
  const std::size_t radius = reader.variable("counter_image_radius_pix");
  RunNumbers numbers{.summary = analysis::SummaryTables(
                         {.pixel_scale_arcsec = run.pixel_scale_arcsec,
                          .bands = run.bands,
                          .aperture_radius_pix = run.aperture_radius_pix,
                          .aperture = run.config.at("measure.aperture_mask"),
                          .theta_e_edges_arcsec = options.theta_e_edges_arcsec}),
                     .sums = {bins, run.aperture_radius_pix.size()},
                     .views = {bins, run.bands.size(), run.aperture_radius_pix.size()},
                     .visibility = {bins, host_mag, seeing_arcsec},
                     .profiles = {bins, reader.radial_bins()},
                     .distributions = {},
                     .core = {cells, sketch_for(ranges, core)},
                     .radius = {cells, sketch_for(ranges, radius)},
                     .sample = {},
                     .sample_row = {},
                     .sample_lead_split = {},
                     .sample_lead_net = {}};
  for (const auto& variable : variables)
    numbers.sample.variables.push_back(variable.name);
  numbers.sample_stride = (run.plan.rows + largest_sample - 1) / largest_sample;
  const std::size_t count = variables.size();
  std::vector<double> mean(count);
  for (std::size_t k = 0; k < count; ++k) {
    const double rows = ranges.sums.value(k, 0, Ranges::n);
    const auto n = static_cast<std::int64_t>(rows);
    mean[k] =
        n == 0 ? analysis::StampRow::nan : ranges.sums.value(k, 0, Ranges::sum) / rows;
    numbers.distributions.push_back({.variable = variables[k],
                                     .n = n,
                                     .mean = mean[k],
                                     .sketch = sketch_for(ranges, k)});
    if (n == 0) continue;
    numbers.distributions[k].minimum = ranges.extremes[k];
    numbers.distributions[k].maximum = -ranges.extremes[count + k];
  }
  const std::size_t factors = reader.saltelli_factors();
  std::vector<std::int64_t> design_row;
  std::vector<double> design_response;
  analysis::GroupedSums squares(count, 1, 1);

  world.agree([&] {
    Steps steps(log, "rows analysed", run.plan.rows, world.size());
    for_each_block(run, reader, world, [&](const RowBlock& block) {
      count_rows(steps, block);
      for (const auto& row : block.left_out) numbers.summary.add(row);
      for (std::size_t i = 0; i < block.rows.size(); ++i) {
        const auto& row = block.rows[i];
        const auto values = std::span(block.variables).subspan(i * count, count);
        numbers.summary.add(row);
        numbers.sums.add(row);
        numbers.views.add(row);
        numbers.visibility.add(row);
        numbers.profiles.add(row);
        const std::size_t cell = bins.of(row.theta_e_arcsec);
        for (const std::size_t at : {cell, bins.count() + 1}) {
          numbers.core[at].add(values[core]);
          numbers.radius[at].add(values[radius]);
        }
        for (std::size_t k = 0; k < count; ++k) {
          if (!std::isfinite(values[k])) continue;
          numbers.distributions[k].sketch.add(values[k]);
          const double distance = values[k] - mean[k];
          if (std::abs(values[k]) > largest_value) continue;
          squares.add(k, 0, 0, distance * distance);
        }
        if (factors > 0 && std::isfinite(row.core_flux_fraction)) {
          design_row.push_back(row.row);
          design_response.push_back(row.core_flux_fraction);
        }
        if (row.row % numbers.sample_stride != 0 || std::isnan(row.core_flux_fraction))
          continue;
        numbers.sample_row.push_back(row.row);
        numbers.sample.unit.push_back(row.unit);
        numbers.sample.response.push_back(row.core_flux_fraction);
        const double before_psf =
            row.intrinsic[analysis::counter] - row.intrinsic[analysis::outer];
        numbers.sample_lead_split.push_back(before_psf);
        numbers.sample_lead_net.push_back(before_psf + row.psf[analysis::counter] -
                                          row.psf[analysis::outer]);
        numbers.sample.values.insert(numbers.sample.values.end(), values.begin(),
                                     values.end());
      }
    });
  });
  for (const auto part : numbers.summary.state()) world.sum(part);
  if (ranges.rows == 0) {
    const auto rows = numbers.summary.rows();
    throw DataError(
        rows == 0
            ? run.folder.path() +
                  ": no row is there yet: there is nothing to analyse "
                  "(continue the run with `lensmill run ... --resume`)"
            : fmt::format("{}: all {} rows failed: there is nothing to analyse (see "
                          "/measurements/status)",
                          run.folder.path(), grouped(rows)));
  }
  world.sum(numbers.sums.state());
  world.sum(numbers.views.state());
  world.sum(numbers.visibility.state());
  world.sum(numbers.profiles.state());
  for (auto* quantiles : {&numbers.core, &numbers.radius}) {
    for (auto& sketch : *quantiles) reduce(sketch, world);
  }
  world.sum(squares.state());
  for (std::size_t k = 0; k < count; ++k) {
    auto& d = numbers.distributions[k];
    reduce(d.sketch, world);
    if (d.n < 2) continue;
    d.standard_deviation =
        std::sqrt(squares.value(k, 0, 0) / static_cast<double>(d.n - 1));
  }
  gather_sample(numbers, count, world);
  if (factors > 0) {
    numbers.design = analysis::responses_of_design(
        world.all_gather(std::span<const std::int64_t>(design_row)),
        world.all_gather(std::span<const double>(design_response)), run.plan.rows,
        factors);
  }
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    numbers.shards += std::filesystem::exists(run.folder.shard(shard)) ? 1 : 0;
  }
  return numbers;
}

}  // namespace lensmill::pipeline
