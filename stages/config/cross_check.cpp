#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/catalogue/injection_sampler.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/catalogue/value_sources.hpp"
#include "lib/core/errors.hpp"
#include "stages/config/psf_kinds.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

void check_pixel_response(const Section& root, const RunConfig& config) {
  const Section convolve = root.section("convolve");
  if (config.convolve.oversample != 1 || config.convolve.allow_double_pixel) return;
  for (std::size_t i = 0; i < config.psf.size(); ++i) {
    if (!config.psf[i].includes_pixel) continue;
    convolve.problem(
        "oversample",
        fmt::format(
            "1 convolves pixel-integrated light, and psf.{} contains the pixel's "
            "response too (it would act twice); use `auto`, or allow_double_pixel: "
            "true to repeat what such codes do",
            config.bands[i]));
  }
}

void check_points(const Section& root, const RunConfig& config) {
  if (config.source.kind != SourceKind::point) return;
  if (config.convolve.oversample == 1) {
    root.section("convolve")
        .problem("oversample",
                 "1 puts light on whole pixels first, which moves the images of "
                 "`source.point` "
                 "by up to half a pixel; use `auto`");
  }
  if (config.render.supersample > 0 && !config.source.point.has_host) {
    root.section("render").problem(
        "supersample",
        "nothing to integrate: the images of `source.point` have no extent; leave it "
        "out");
  }
}

void check_legacy(const Section& root, const RunConfig& config) {
  if (config.convolve.op != ConvolveOperator::legacy_ifftshift) return;
  const Section convolve = root.section("convolve");
  if (config.convolve.oversample != 1) {
    convolve.problem(convolve.has("oversample") ? "oversample" : "operator",
                     "legacy_ifftshift acts on the stamp's own pixels: it needs "
                     "`oversample: 1`");
  }
  if (config.render.margin_pix.value_or(0) != 0) {
    root.section("render").problem(
        "margin_pix", "legacy_ifftshift acts on the stamp's own pixels: it needs 0");
  }
  for (std::size_t i = 0; i < config.psf.size(); ++i) {
    const auto& size = config.psf[i].size_pix;
    if (size && std::max((*size)[0], (*size)[1]) > config.grid.stamp_size_pix) {
      root.section("psf")
          .member(config.bands[i], "<band>")
          .problem("size_pix",
                   fmt::format("legacy_ifftshift needs a kernel no larger than the "
                               "stamp ({} pix)",
                               config.grid.stamp_size_pix));
    }
  }
}

void check_host(const Section& root, const RunConfig& config) {
  const bool both_known =
      config.host.pixel_scale_arcsec > 0.0 && config.grid.pixel_scale_arcsec > 0.0;
  if (config.host.kind == HostKind::cutouts && !config.host.survey && both_known) {
    const double ratio =
        config.host.pixel_scale_arcsec / config.grid.pixel_scale_arcsec;
    const Section cutouts = root.section("host").section("cutouts");
    // docs/conventions.md: above 1 % is an error, below it a warning.
    constexpr double largest_mismatch = 0.01;
    const auto text =
        fmt::format("{} arcsec against the stamps' {} arcsec ({:+.2f} %)",
                    config.host.pixel_scale_arcsec, config.grid.pixel_scale_arcsec,
                    100.0 * (ratio - 1.0));
    if (std::abs(ratio - 1.0) > largest_mismatch) {
      cutouts.problem("pixel_scale_arcsec",
                      text + ": cutouts are not resampled; more than 1 % is refused");
    } else if (ratio != 1.0) {
      cutouts.warning("pixel_scale_arcsec", text + ": cutouts are not resampled");
    }
  }
}

void check_survey(const Section& root, const RunConfig& config) {
  for (std::size_t i = 0; i < config.psf.size(); ++i) {
    const bool by_host =
        config.psf[i].per_host() || !config.psf[i].position_columns[0].column.empty();
    if (by_host && config.host.kind != HostKind::cutouts) {
      root.section("psf")
          .member(config.bands[i], "<band>")
          .problem("",
                   "a PSF for each host needs real hosts (`host: {cutouts: ...}` or "
                   "`{survey: ...}`)");
    }
    if (!config.psf[i].position_of_host || config.host.survey) continue;
    root.section("psf")
        .member(config.bands[i], "<band>")
        .problem("position",
                 "`host` is where a host is on its survey image, so it needs "
                 "`host: {survey: ...}`");
  }
  if (config.host.has_masks() && config.measure.aperture_mask == ApertureMask::circle) {
    root.section("measure").problem(
        "aperture_mask",
        "`circle` integrates over a disc and cannot leave out masked pixels; with "
        "hosts "
        "that have masks use pixel_overlap or pixel_centre");
  }
}

/// What is wrong with each prior by itself, whatever else the run has.
void check_ranges(Document& document, const RunConfig& config) {
  for (const auto& entry : config.priors.entries) {
    const auto name = catalogue::find_quantity(entry.quantity);
    if (!name) continue;
    const auto problem = catalogue::prior_problem(*name->quantity, entry.prior);
    if (!problem.empty()) document.problems().add_text(entry.where + ": " + problem);
  }
}

/// The catalogue's own checks of priors against columns, with what is known before any
/// file is opened: all quantities given, none twice, all in range.
void check_priors(Document& document, const RunConfig& config) {
  catalogue::InjectionSamplerConfig sampler;
  sampler.needs = {
      .bands = config.bands,
      .pixel_scale_arcsec = config.grid.pixel_scale_arcsec,
      .host = config.host.kind,
      .source_image_count = config.source.kind == SourceKind::galaxies ? 1 : 0,
      .source_parts = config.source.parts(),
      .knot_count =
          config.source.kind == SourceKind::clumpy ? config.source.most_knots : 0,
      .sky_noise = config.needs_sky_sigma()};
  for (std::size_t i = 0; i < config.psf.size(); ++i) {
    const auto& psf = config.psf[i];
    const bool stated = psf.ccd_position || psf.position_uniform_ccd ||
                        psf.position_of_host ||
                        !psf.position_columns[0].column.empty() ||
                        (psf.per_host() && psf.kind == PsfKind::pixelised);
    sampler.needs.psf[i] = stated ? catalogue::PsfNeed::nothing : info_of(psf).need;
    sampler.needs.psf_count[i] = 1;
  }
  sampler.priors = config.priors;
  sampler.cosmology = config.cosmology;
  sampler.rows_name = "catalogue.grid";
  for (const auto& axis : config.catalogue.grid) sampler.given.push_back(axis.column);
  if (config.host.kind == HostKind::cutouts) {
    // Stand-ins until the file is opened: one host, of any magnitude.
    sampler.hosts.count = 1;
    sampler.hosts.flux_nmgy.assign(config.bands.size(), 1.0);
  }
  if (config.source.kind == SourceKind::galaxies) sampler.sources.reff_arcsec = {1.0};
  sampler.knots = config.source.knots;
  try {
    const catalogue::InjectionSampler checked(std::move(sampler));
    for (const auto& entry : config.priors.entries) {
      const auto& unused = checked.unused();
      if (std::find(unused.begin(), unused.end(), entry.quantity) == unused.end())
        continue;
      document.problems().warn_text(entry.where +
                                    ": not used (nothing in this run depends on it)");
    }
  } catch (const ConfigError& error) {
    document.problems().add_text(error.what());
  }
}

}  // namespace

void cross_check(Document& document, RunConfig& config) {
  const Section root = document.root();
  check_pixel_response(root, config);
  check_points(root, config);
  check_legacy(root, config);
  check_host(root, config);
  check_survey(root, config);
  check_keep(root, config);
  const auto is_wrong = [&](std::string_view section) {
    return document.problems().has_any_in(section);
  };
  // What could not be read here decides which priors are needed: those would be
  // reported as missing, or as not used, that are not.
  constexpr std::string_view deciding[] = {"bands", "catalogue", "priors", "source",
                                           "host",  "psf",       "noise"};
  if (std::ranges::any_of(deciding, is_wrong)) {
    check_ranges(document, config);
  } else if (config.catalogue.kind != CatalogueKind::file) {
    check_priors(document, config);  // a file's columns are known when it is opened
  }
}

}  // namespace lensmill::config
