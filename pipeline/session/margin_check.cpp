#include "pipeline/session/margin_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/session/timings.hpp"
#include "stages/factory.hpp"

namespace lensmill::pipeline {
namespace {

// Sees, 95 times of 100, what happens to one row in 20; costs a tenth of a second or
// two.
constexpr std::int64_t most_rows = 60;
// Of the lensed flux on 3 x 3 stamps, which is known to this: less outside the stamp
// changes nothing that counts.
constexpr double least_outside = 1.0e-4;
constexpr double least_core_share = 1.0e-2;  // accuracy contract
constexpr int margin_step_pix = 8;

struct Row {
  std::int64_t injection_id = 0;
  std::vector<double> given;
};

bool has_light_outside(const stages::Stamp& stamp) {
  const auto& planes = stamp.arc_planes;
  const double inside =
      std::accumulate(planes.stamp_flux.begin(), planes.stamp_flux.end(), 0.0);
  return planes.total_flux - inside > least_outside * planes.total_flux;
}

/// Pixels from the kernels' origins to their farthest sample.
int half_kernel(const stages::Setup& setup) {
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  int half = 0;
  for (const auto& one : setup.psf_cases) {
    setup.bank->make(one.band, one.injection, workspace, kernel);
    const int reach = std::max({kernel.origin_x, kernel.origin_y,
                                kernel.samples.nx() - 1 - kernel.origin_x,
                                kernel.samples.ny() - 1 - kernel.origin_y});
    half = std::max(half, (reach + kernel.oversample - 1) / kernel.oversample);
  }
  return half;
}

/// Largest error of the narrow render over what the contract allows.
double error_over_tolerance(const stages::Stamp& narrow, const stages::Stamp& wide,
                            const config::RunConfig& config) {
  double worst = 0.0;
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    // With a target SNR the source's flux follows the arc's.
    const double scale =
        wide.injection.src_flux_nmgy[b] / narrow.injection.src_flux_nmgy[b];
    const auto less = narrow.images[b].arc.pixels();
    const auto more = wide.images[b].arc.pixels();
    double peak = 0.0;
    double pixel = 0.0;
    for (std::size_t k = 0; k < more.size(); ++k) {
      peak = std::max(peak, double{more[k]});
      pixel = std::max(pixel, std::abs(double{more[k]} - scale * double{less[k]}));
    }
    const auto core_of = [&](const stages::Stamp& stamp) {
      const auto& m = stamp.measurement;
      return m.core_flux_fraction[m.at(b, m.shape.radii - 1)] * stamp.unit_arc_flux[b];
    };
    const double core = core_of(wide);
    const double core_allowed =
        config.render.core_tolerance *
        std::max(core, least_core_share * wide.unit_arc_flux[b]);
    if (peak > 0.0) {
      worst = std::max(worst, pixel / (config.render.pixel_tolerance * peak));
    }
    if (core_allowed > 0.0) {
      worst = std::max(worst, std::abs(core - core_of(narrow)) / core_allowed);
    }
  }
  return worst;
}

stages::Setup with_margin(const Session& session, int margin_pix) {
  config::RunConfig config = session.config;
  config.render.margin_pix = margin_pix;
  return stages::make_setup(config, session.opened.inputs);
}

bool is_whole(const stages::Stamp& stamp) {
  return !is_failure(stamp.status) || stamp.status == Status::not_converged;
}

/// A chain with another margin, and its stamp.
struct Renderer {
  explicit Renderer(const Session& session, int margin_pix)
      : setup(with_margin(session, margin_pix)), stamp(setup.chain->make_stamp()) {}
  const stages::Stamp& operator()(const Row& row) {
    setup.chain->apply(row.injection_id, row.given, stamp);
    return stamp;
  }
  stages::Setup setup;
  stages::Stamp stamp;
};

/// The least margin in steps that leaves none of the rows short, `half` at most.
int enough_margin(const Session& session, const std::vector<Row>& rows, int half,
                  Renderer& whole) {
  const auto& config = session.config;
  int margin = config.render.margin_pix.value_or(0) + margin_step_pix;
  for (; margin < half; margin += margin_step_pix) {
    Renderer trial(session, margin);
    const auto mended = [&](const Row& row) {
      return error_over_tolerance(trial(row), whole(row), config) <= 1.0;
    };
    if (std::ranges::all_of(rows, mended)) break;
  }
  return std::min(margin, half);
}

}  // namespace

std::string MarginCheck::warning() const {
  if (short_rows == 0) return "";
  if (enough_pix == 0) {
    return fmt::format(
        "render.margin_pix: auto: {} of {} rows looked at are not within "
        "render.pixel_tolerance and render.core_tolerance of a render with all light "
        "that the PSF reaches (injection {} by a factor of {:.1f}): their arcs lie "
        "mostly beside the stamp; a larger grid.stamp_size_pix would show them",
        short_rows, rows, worst_id, worst_error);
  }
  const int margin_pix = rows_by_margin.rbegin()->first;
  return fmt::format(
      "render.margin_pix: {} of {} rows looked at miss light from outside the stamp{} "
      "that the PSF brings in, beyond render.pixel_tolerance or render.core_tolerance "
      "(injection {} by a factor of {:.1f}); `render.margin_pix: {}` mends them, a "
      "larger grid.stamp_size_pix would show that light itself",
      short_rows, rows,
      margin_pix > 0 ? fmt::format(" and its margin of {} pix", margin_pix) : "",
      worst_id, worst_error, enough_pix);
}

std::string MarginCheck::text() const {
  std::vector<std::string> parts;
  for (const auto& [margin_pix, count] : rows_by_margin) {
    parts.push_back(
        fmt::format("{} pix for {} row{}", margin_pix, count, count == 1 ? "" : "s"));
  }
  if (parts.empty()) return "";
  return fmt::format("margin: {} of the sample", fmt::join(parts, ", "));
}

MarginCheck check_margin(const Session& session, double seconds) {
  const auto& config = session.config;
  MarginCheck check;
  check.enough_pix = config.render.margin_pix.value_or(0);
  if (config.convolve.op == config::ConvolveOperator::legacy_ifftshift) return check;
  const int half = half_kernel(session.setup);
  if (config.render.margin_pix.value_or(0) >= half) return check;

  const std::int64_t count = session.plan.rows;
  const std::int64_t stride = std::max<std::int64_t>(1, count / most_rows);
  auto stamp = session.chain().make_stamp();
  std::optional<Renderer> whole;
  std::vector<Row> short_rows;
  double spent = 0.0;
  for (std::int64_t k = 0; k < count && spent < seconds; k += stride) {
    const Stopwatch watch(spent);
    const auto block = session.rows().read(k, 1);
    const auto given = block.row(0);
    const Row row{.injection_id = block.injection_id[0],
                  .given = {given.begin(), given.end()}};
    session.chain().apply(row.injection_id, row.given, stamp);
    if (!is_whole(stamp)) continue;
    ++check.rows;
    ++check.rows_by_margin[stamp.arc_planes.margin_pix];
    if (!has_light_outside(stamp)) continue;
    if (!whole) whole.emplace(session, half);
    const double error = error_over_tolerance(stamp, (*whole)(row), config);
    if (!(error > 1.0)) continue;
    if (error > check.worst_error) {
      check.worst_error = error;
      check.worst_id = row.injection_id;
    }
    short_rows.push_back(row);
  }
  check.short_rows = static_cast<std::int64_t>(short_rows.size());
  if (check.short_rows > 0 && config.render.margin_pix) {
    check.enough_pix = enough_margin(session, short_rows, half, *whole);
  }
  return check;
}

}  // namespace lensmill::pipeline
