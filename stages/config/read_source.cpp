#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "stages/config/read_mapping.hpp"
#include "stages/config/read_sampler.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

using light::GalaxyBackground;

constexpr std::array<std::string_view, 3> kinds = {"galaxies", "clumpy", "point"};
constexpr Named<SplineDegree> interpolations[] = {{"cubic", SplineDegree::cubic},
                                                  {"quintic", SplineDegree::quintic}};
constexpr Named<GalaxyBackground> backgrounds[] = {
    {"none", GalaxyBackground::none}, {"border", GalaxyBackground::border}};

void read_galaxies(const Section& source, GalaxySection& out) {
  const Section galaxies = source.section("galaxies");
  out.catalogue = galaxies.existing_file("catalogue");
  if (galaxies.has("fits_catalogue")) {
    out.fits_catalogue = galaxies.existing_file("fits_catalogue");
  }
  out.cuts = read_cuts(galaxies);
  out.interpolation =
      galaxies.choice<SplineDegree>("interpolation", interpolations, out.interpolation);
  out.background =
      galaxies.choice<GalaxyBackground>("background", backgrounds, out.background);
  out.segment_sigma =
      galaxies.number("segment_sigma", above_up_to(0.0, 100.0), out.segment_sigma);
  out.smoothing_fwhm_arcsec = galaxies.number("smoothing_fwhm_arcsec", closed(0.0, 1.0),
                                              out.smoothing_fwhm_arcsec);
  out.random_flip = galaxies.flag("random_flip", out.random_flip);
  out.cache_mib =
      static_cast<int>(galaxies.integer("cache_mib", closed(1, 65536), out.cache_mib));
}

/// The distribution of a knot's property: not a quantity of the row, but of each knot.
void read_knot_prior(const Section& clumpy, const std::string& key,
                     const std::string& member, catalogue::Sampler& out) {
  const auto sampler = read_sampler(clumpy, key);
  if (!sampler) return;
  const auto problem = catalogue::knot_prior_problem(member, *sampler);
  if (!problem.empty()) clumpy.problem(key, problem);
  out = *sampler;
}

/// Most knots that the prior of their number gives; all there may be where it says
/// nothing of it.
int most_knots_of(const catalogue::Priors& priors) {
  for (const auto& entry : priors.entries) {
    const auto* sampler = std::get_if<catalogue::Sampler>(&entry.prior);
    if (entry.quantity != "src_knots" || sampler == nullptr) continue;
    const double most = catalogue::support_of(*sampler).max;
    return static_cast<int>(std::clamp(most, 1.0, double{max_knots}));
  }
  return max_knots;
}

void read_clumpy(const Section& source, RunConfig& config) {
  const Section clumpy = source.section("clumpy");
  auto& out = config.source;
  add_prior(clumpy, "knots", "src_knots", config.priors);
  add_prior(clumpy, "knot_flux_fraction", "src_knot_flux_fraction", config.priors);
  if (!clumpy.has("knot_reff_over_reff")) {
    clumpy.problem("knot_reff_over_reff",
                   "required, but missing (each knot's size over the body's)");
  }
  read_knot_prior(clumpy, "knot_reff_over_reff", "reff_over_reff",
                  out.knots.reff_over_reff);
  if (!clumpy.has("knot_radius_over_reff")) {
    clumpy.record_uniform("knot_radius_over_reff", 0.0, 2.0);
  }
  read_knot_prior(clumpy, "knot_radius_over_reff", "radius_over_reff",
                  out.knots.radius_over_reff);
  if (!clumpy.has("knot_flux_weight")) clumpy.record_word("knot_flux_weight", "1");
  read_knot_prior(clumpy, "knot_flux_weight", "flux_weight", out.knots.flux_weight);
  out.knot_sersic_n =
      clumpy.number("knot_sersic_n", closed(0.3, 8.0), out.knot_sersic_n);
  out.most_knots = most_knots_of(config.priors);
}

void read_point(const Section& source, RunConfig& config) {
  // Where images merge, their magnifications are known up to here.
  constexpr double largest = 1.0e5;
  const Section point = source.section("point");
  auto& out = config.source.point;
  out.min_magnification =
      point.number("min_magnification", closed(0.0, 1.0), out.min_magnification);
  out.max_magnification = point.number("max_magnification", above_up_to(1.0, largest),
                                       out.max_magnification);
  point.describe("host", "none or a map", "", "none");
  if (!point.has("host") || point.is_none("host")) {
    point.record_none("host");
    return;
  }
  out.has_host = true;
  add_prior(point.section("host"), "point_fraction", "src_point_fraction",
            config.priors);
}

}  // namespace

void read_source(const Section& root, RunConfig& config) {
  if (!root.has("source")) return;
  if (root.is_word("source", "sersic")) {
    root.record_word("source", "sersic");
    return;
  }
  const Section source = root.section("source");
  const auto kind = source.one_of(kinds, config::required_if(root.is_map("source")));
  if (kind == "galaxies") {
    config.source.kind = SourceKind::galaxies;
    read_galaxies(source, config.source.galaxies);
  } else if (kind == "clumpy") {
    config.source.kind = SourceKind::clumpy;
    read_clumpy(source, config);
  } else if (kind == "point") {
    config.source.kind = SourceKind::point;
    read_point(source, config);
  } else {
    source.ignore_rest();
  }
}

}  // namespace lensmill::config
