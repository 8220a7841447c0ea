#include "pipeline/session/psf_positions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/text.hpp"
#include "lib/measure/core_centroid.hpp"
#include "lib/measure/kernel_checks.hpp"
#include "lib/psf/psfex_range.hpp"
#include "stages/survey_place.hpp"

namespace lensmill::pipeline {
namespace {

constexpr int grid_side = 7;
constexpr std::size_t most_evaluated = 49;
constexpr std::size_t most_askers = 5;
constexpr std::int64_t sampled_rows = 1024;
constexpr std::int64_t most_scanned_rows = 1'000'000;
constexpr std::int64_t scanned_block = 65'536;

struct Position {
  double x = 0.0;
  double y = 0.0;
  std::int64_t psf_index = 0;  ///< of the models of hosts
  /// What asks for it: "injection_id 17", or a host.
  std::string asker{};
  bool is_same(const Position& other) const {
    return x == other.x && y == other.y && psf_index == other.psf_index;
  }
};

/// What is counted of the positions that a run asks for.
struct Asked {
  std::vector<Position> evaluated;
  std::int64_t count = 0;
  std::int64_t outside = 0;
  std::int64_t unusable = 0;                 ///< of these: by more than the margin
  std::vector<std::string> unusable_askers;  ///< the first
  Position farthest;
  double distance = 0.0;

  void add(const psf::PsfexModel& model, const Position& position) {
    const double value = psf::psfex_distance(model, position.x, position.y);
    if (std::isnan(value)) return;  // a host off the image
    ++count;
    if (value > psf::psfex_fitted_distance) ++outside;
    if (psf::beyond_psfex_model(model, position.x, position.y)) {
      ++unusable;
      if (unusable_askers.size() < most_askers) {
        unusable_askers.push_back(position.asker);
      }
    }
    if (value > distance) {
      distance = value;
      farthest = position;
    }
  }
};

/// A grid over the area of the model's stars, its edge included.
std::vector<Position> grid_over(const psf::PsfexModel& model) {
  std::vector<Position> positions;
  const auto coordinate = [&](char axis, int step) {
    for (std::size_t k = 0; k < model.polynomial_name.size(); ++k) {
      if (model.polynomial_name[k].front() != axis) continue;
      return model.polynomial_zero[k] +
             model.polynomial_scale[k] * (static_cast<double>(step) / (grid_side - 1) -
                                          psf::psfex_fitted_distance);
    }
    return 1.0;
  };
  for (int j = 0; j < grid_side; ++j) {
    for (int i = 0; i < grid_side; ++i) {
      positions.push_back({.x = coordinate('X', i), .y = coordinate('Y', j)});
    }
  }
  return positions;
}

/// Every row of a catalogue that brings positions itself.
void scan_rows(const catalogue::Rows& rows, const std::string& band,
               const psf::PsfexModel& model, Asked& asked) {
  const auto& given = rows.given();
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(given, name) - given.begin());
  };
  const auto x = column("psf_x_pix_" + band);
  const auto y = column("psf_y_pix_" + band);
  const std::int64_t last = std::min(rows.count(), most_scanned_rows);
  for (std::int64_t first = 0; first < last; first += scanned_block) {
    const auto block = rows.read(first, std::min(scanned_block, last - first));
    for (std::size_t row = 0; row < block.rows(); ++row) {
      asked.add(model,
                {.x = block.row(row)[x],
                 .y = block.row(row)[y],
                 .asker = fmt::format("injection_id {}", block.injection_id[row])});
    }
  }
}

bool rows_bring_positions(const catalogue::Rows& rows, const std::string& band) {
  const auto has = [&](const std::string& name) {
    return std::ranges::find(rows.given(), name) != rows.given().end();
  };
  return has("psf_x_pix_" + band) && has("psf_y_pix_" + band);
}

/// Positions of the run's first rows, as the sample stage places them.
std::vector<Position> of_first_rows(std::size_t band, const stages::Setup& setup,
                                    const stages::Inputs& inputs,
                                    const config::RunConfig& config) {
  const auto block = inputs.rows->read(0, std::min(sampled_rows, inputs.rows->count()));
  std::vector<Position> positions;
  for (std::size_t row = 0; row < block.rows(); ++row) {
    auto injection = setup.sampler->sample(block.injection_id[row], block.row(row));
    if (inputs.hosts && inputs.hosts->is_survey()) {
      stages::place_on_survey(*inputs.hosts, config.psf, config.grid,
                              stages::LensPlace::as_sampled, injection);
    }
    positions.push_back(
        {.x = injection.psf_x_pix[band],
         .y = injection.psf_y_pix[band],
         .psf_index = injection.psf_index[band],
         .asker = fmt::format("injection_id {}", injection.injection_id)});
  }
  return positions;
}

/// Where every host is on its CCD, as far as hosts say; empty: rows do.
std::vector<Position> of_hosts(std::size_t band, const stages::Inputs& inputs,
                               const config::RunConfig& config) {
  const auto& psf = inputs.psf[band];
  const auto& section = config.psf[band];
  std::vector<Position> positions;
  const auto count = inputs.hosts ? inputs.hosts->count() : 0;
  const bool of_models = !psf.models.empty();
  if (psf.position_of_host.empty() && !(of_models && section.ccd_position)) return {};
  for (std::int64_t host = 0; host < count; ++host) {
    const auto h = static_cast<std::size_t>(host);
    const auto& [x, y] =
        psf.position_of_host.empty() ? *section.ccd_position : psf.position_of_host[h];
    std::string name = fmt::format("host {}", host);
    if (inputs.host_ids) {
      const auto& ids = *inputs.host_ids;
      name += fmt::format(
          " ({})", ids.numbers.empty() ? ids.texts[h] : std::to_string(ids.numbers[h]));
    }
    positions.push_back({.x = x,
                         .y = y,
                         .psf_index = of_models ? psf.of_host[h] : 0,
                         .asker = std::move(name)});
  }
  return positions;
}

Asked positions_of(std::size_t band, const stages::Setup& setup,
                   const stages::Inputs& inputs, const config::RunConfig& config) {
  const auto& section = config.psf[band];
  const auto& input = inputs.psf[band];
  const auto& name = config.bands[band];
  Asked asked;
  auto positions = of_hosts(band, inputs, config);
  const bool by_hosts = !positions.empty();
  if (by_hosts) {
    // All of them.
  } else if (section.ccd_position) {
    positions = {{.x = (*section.ccd_position)[0],
                  .y = (*section.ccd_position)[1],
                  .asker = "every row"}};
  } else if (section.position_uniform_ccd) {
    positions = grid_over(*input.psfex);
  } else {
    positions = of_first_rows(band, setup, inputs, config);
  }
  const bool by_rows = !by_hosts && !section.position_of_host && input.psfex &&
                       rows_bring_positions(*inputs.rows, name);
  if (by_rows) {
    scan_rows(*inputs.rows, name, *input.psfex, asked);
  } else if (!section.position_uniform_ccd && !section.position_of_host) {
    for (const auto& position : positions) {
      asked.add(*input.model(position.psf_index), position);
    }
  } else {
    // Within the range; or all hosts are counted where they are opened.
    asked.count = static_cast<std::int64_t>(positions.size());
  }
  const bool of_models = !input.models.empty();
  for (auto& position : positions) {
    if (!of_models && asked.evaluated.size() == most_evaluated) break;
    const bool usable = !std::isnan(position.x) && !std::isnan(position.y) &&
                        (section.extrapolate ||
                         !psf::beyond_psfex_model(*input.model(position.psf_index),
                                                  position.x, position.y));
    const auto is_same = [&](const Position& other) { return other.is_same(position); };
    if (usable && (of_models || std::ranges::none_of(asked.evaluated, is_same))) {
      asked.evaluated.push_back(std::move(position));
    }
  }
  return asked;
}

std::string outside_text(const Asked& asked, bool extrapolate,
                         const std::string& band) {
  if (asked.outside == 0) return "";
  std::string text = fmt::format(
      "psf.{}.position: {} of {} positions lie outside the area that the PSFEx model "
      "was fitted on (POLZERO +- POLSCAL / 2; the farthest is ({:.1f}, {:.1f}), {:.2f} "
      "POLSCAL from its middle)",
      band, grouped(asked.outside), grouped(asked.count), asked.farthest.x,
      asked.farthest.y, asked.distance);
  if (asked.unusable == 0) return text;
  text += fmt::format(
      "; {} of them by more than {:g} POLSCAL ({}{})", grouped(asked.unusable),
      psf::psfex_usable_distance - psf::psfex_fitted_distance,
      fmt::join(asked.unusable_askers, ", "),
      asked.unusable > static_cast<std::int64_t>(asked.unusable_askers.size()) ? ", ..."
                                                                               : "");
  text += extrapolate ? ": `extrapolate: true` takes the polynomial there as it is"
                      : ": such rows get status bad_psf; correct the positions, or say "
                        "`extrapolate: true` if they are meant";
  return text;
}

}  // namespace

PsfexSummary summarise_psfex(int band, const stages::Setup& setup,
                             const stages::Inputs& inputs,
                             const config::RunConfig& config) {
  const auto b = static_cast<std::size_t>(band);
  const auto& input = inputs.psf[b];
  const Asked asked = positions_of(b, setup, inputs, config);
  const auto some_case =
      std::ranges::find(setup.psf_cases, band, &stages::PsfCase::band);
  auto injection = some_case->injection;
  const double limit = std::max(measure::misplaced_psfex_pix,
                                config.psf[b].accept_offset_pix.value_or(0.0));
  double worst = 0.0;
  Position where;
  double moved = 0.0;
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -smallest;
  bool failed = false;
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  std::vector<KernelFacts> facts;
  for (const auto& position : asked.evaluated) {
    injection.psf_x_pix[b] = position.x;
    injection.psf_y_pix[b] = position.y;
    injection.psf_index[b] = position.psf_index;
    const auto stored =
        psf::kernel_at(*input.model(position.psf_index), position.x, position.y);
    const auto moments = psf::kernel_moments(stored);
    smallest = std::min(smallest, moments.sum);
    largest = std::max(largest, moments.sum);
    moved = std::max(moved, std::hypot(moments.centroid_x_pix, moments.centroid_y_pix));
    setup.bank->make(band, injection, workspace, kernel);
    const double offset = measure::core_centroid(kernel).offset_pix();
    if (!input.of_host.empty()) {
      facts.push_back({.name = fmt::format("{}, {}", position.asker, stored.name),
                       .offset_pix = offset,
                       .sum = moments.sum,
                       .fwhm_pix = stages::fwhm_of(stored)});
    }
    // Not offset > limit: NaN must fail, and so must a model without flux.
    if (!(offset <= limit) || !(moments.sum > 0.0)) failed = true;
    if (offset >= worst || std::isnan(offset)) {
      worst = offset;
      where = position;
    }
  }
  PsfexSummary summary{
      .text = {},
      .failed = failed,
      .outside = outside_text(asked, config.psf[b].extrapolate, config.bands[b]),
      .facts = std::move(facts)};
  summary.text = fmt::format(
      "PSFEx model {}: {}: {} positions: core up to {:.3f} px from the origin, at "
      "({:.1f}, {:.1f}); as stored: first moments up to {:.3f} px, sums {:.4f} to "
      "{:.4f}; fails above {:g} px: {}\n",
      config.bands[b],
      input.psfex ? input.psfex->name : fmt::format("{} of hosts", input.models.size()),
      asked.evaluated.size(), worst, where.x, where.y, moved, smallest, largest, limit,
      failed                    ? "FAILED"
      : summary.outside.empty() ? "ok"
                                : "WARNING");
  return summary;
}

}  // namespace lensmill::pipeline
