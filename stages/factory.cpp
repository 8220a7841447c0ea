#include "stages/factory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/psf/psfex_range.hpp"
#include "stages/config/psf_kinds.hpp"
#include "stages/convolve_stage.hpp"
#include "stages/host_stage.hpp"
#include "stages/lattice_choice.hpp"
#include "stages/lens_stage.hpp"
#include "stages/measure_stage.hpp"
#include "stages/noise_stage.hpp"
#include "stages/position_priors.hpp"
#include "stages/sample_stage.hpp"
#include "stages/survey_place.hpp"

namespace lensmill::stages {
namespace {

using catalogue::PsfNeed;
using config::PsfForm;
using config::RunConfig;

constexpr std::int64_t probed_rows = 1024;
constexpr std::size_t most_psfex_probes = 17;

bool gives(const RunConfig& config, const Inputs& inputs, std::string_view quantity) {
  return std::ranges::any_of(
             config.priors.entries,
             [&](const auto& prior) { return prior.quantity == quantity; }) ||
         std::ranges::any_of(inputs.rows->given(),
                             [&](const auto& name) { return name == quantity; });
}

int knot_count_of(const RunConfig& config, const Inputs& inputs) {
  if (config.source.kind != config::SourceKind::clumpy) return 0;
  // Rows that bring their number of knots are not bound by the prior.
  const bool by_rows =
      inputs.rows && std::ranges::find(inputs.rows->given(), "src_knots") !=
                         inputs.rows->given().end();
  return by_rows ? max_knots : config.source.most_knots;
}

std::string rows_name(const RunConfig& config) {
  const bool file = config.catalogue.kind == config::CatalogueKind::file;
  return file ? config.catalogue.file : "catalogue.grid";
}

struct Probe {
  double fwhm_pix = 0.0;
  catalogue::Injection injection;
};

// The run's first rows. Where rows bring nothing but their number, always as many: a
// run that is extended, and a part of a run, must decide as the whole would. (Not where
// each host serves one row: there may be no more rows than these.)
catalogue::RowBlock probe_rows(const RunConfig& config, const catalogue::Rows& rows) {
  if (rows.given().empty() && config.host.policy != config::HostPolicy::once) {
    return catalogue::SampledRows(probed_rows).read(0, probed_rows);
  }
  return rows.read(0, std::min(probed_rows, rows.count()));
}

// Rows of the run's beginning, sorted by their PSF's width in one band.
std::vector<Probe> probe_widths(const RunConfig& config, const Inputs& inputs,
                                const catalogue::InjectionSampler& sampler, int band) {
  const catalogue::RowBlock block = probe_rows(config, *inputs.rows);
  const auto b = static_cast<std::size_t>(band);
  std::vector<Probe> probes;
  for (std::size_t row = 0; row < block.rows(); ++row) {
    Probe probe;
    probe.injection = sampler.sample(block.injection_id[row], block.row(row));
    if (inputs.hosts && inputs.hosts->is_survey()) {
      place_on_survey(*inputs.hosts, config.psf, config.grid, LensPlace::as_sampled,
                      probe.injection);
    }
    // A host on no image has no PSF: its rows are bad_host.
    if (config.psf[b].position_of_host && std::isnan(probe.injection.psf_x_pix[b])) {
      continue;
    }
    if (const auto* model = inputs.psf[b].model(probe.injection.psf_index[b]);
        model != nullptr && !config.psf[b].extrapolate &&
        psf::beyond_psfex_model(*model, probe.injection.psf_x_pix[b],
                                probe.injection.psf_y_pix[b])) {
      continue;  // bad_psf
    }
    probe.fwhm_pix = fwhm_of(config.psf[b], inputs.psf[b], probe.injection, band);
    probes.push_back(probe);
    const auto form = form_of(config.psf[b]);
    const bool rows_differ =
        form == PsfForm::function ||
        (form == PsfForm::model && probes.size() < most_psfex_probes);
    if (!rows_differ) break;
  }
  if (probes.empty()) {
    throw DataError(fmt::format(
        "psf.{}: {}", config.bands[b],
        config.psf[b].position_of_host
            ? "position: host: none of the run's first hosts is on the image of this "
              "band and within the range of its PSFEx model; check "
              "host.survey.positions against the images, and position_offset_pix"
            : "none of the run's first rows has a psf_x_pix, psf_y_pix within the "
              "range of the PSFEx model (POLZERO +- POLSCAL / 2, with a margin of a "
              "tenth of POLSCAL); `extrapolate: true` takes them as they are"));
  }
  std::ranges::stable_sort(probes, {}, &Probe::fwhm_pix);
  return probes;
}

void add_psf_cases(const RunConfig& config, int band, const std::vector<Probe>& probes,
                   std::vector<PsfCase>& cases) {
  const auto b = static_cast<std::size_t>(band);
  const auto add = [&](const Probe& probe, std::string_view which) {
    cases.push_back(
        {.band = band,
         .label = fmt::format("{}: {}, FWHM {:.3f} px{}", config.bands[b],
                              info_of(config.psf[b]).label, probe.fwhm_pix, which),
         .fwhm_pix = probe.fwhm_pix,
         .injection = probe.injection});
  };
  if (probes.front().fwhm_pix == probes.back().fwhm_pix) {
    add(probes.front(), "");
    return;
  }
  add(probes.front(), " (smallest)");
  add(probes[probes.size() / 2], " (median)");
  add(probes.back(), " (largest)");
}

LensPlace lens_place(const RunConfig& config, const Inputs& inputs) {
  using enum LensPlace;
  if (config.host.kind != config::HostKind::cutouts ||
      gives(config, inputs, "lens_x_arcsec") ||
      gives(config, inputs, "lens_y_arcsec")) {
    return as_sampled;
  }
  if (config.host.survey) return host_position;
  return config.host.centre == config::HostCentre::centroid ? host_centroid
                                                            : host_geometric;
}

/// The noise's correlations, ready for stamps of the run's size; null where white.
PerBand<std::shared_ptr<const TurnedNoise>> correlations(const RunConfig& config) {
  PerBand<std::shared_ptr<const TurnedNoise>> noise{};
  for (std::size_t b = 0; b < config.noise.correlation.size(); ++b) {
    noise[b] = std::make_shared<const TurnedNoise>(
        config.noise.correlation[b].lags, config.grid.stamp_size_pix,
        config.host.kind == config::HostKind::cutouts);
  }
  return noise;
}

PerBand<double> variances_times_invvar(const RunConfig& config) {
  PerBand<double> factors{};
  factors.fill(1.0);
  for (std::size_t b = 0; b < config.noise.correlation.size(); ++b) {
    factors[b] = config.noise.correlation[b].variance_times_invvar;
  }
  return factors;
}

std::vector<std::unique_ptr<const Stage>> make_stages(
    const RunConfig& config, const std::shared_ptr<const Inputs>& inputs,
    const Setup& setup, const LatticeChoice& choice, bool target_snr) {
  const int bands = config.band_count();
  const auto correlation = correlations(config);
  const auto factors = variances_times_invvar(config);
  const bool includes_poisson =
      config.host.invvar_includes_source_poisson.value_or(true);

  std::vector<std::unique_ptr<const Stage>> stages;
  stages.push_back(std::make_unique<SampleStage>(
      SampleStage::Config{.sampler = setup.sampler,
                          .lens_place = lens_place(config, *inputs),
                          .bands = bands,
                          .grid = config.grid,
                          .inputs = inputs,
                          .psf = config.psf}));
  stages.push_back(std::make_unique<LensStage>(LensStage::Config{
      .bands = bands,
      .margins = setup.margins,
      .source = std::make_shared<const SourceMaker>(SourceMaker{config.source, inputs}),
      .point = config.source.kind == config::SourceKind::point
                   ? std::optional(config.source.point)
                   : std::nullopt,
      .aperture_centre_pix = config.measure.aperture_centre_pix}));
  stages.push_back(std::make_unique<ConvolveStage>(ConvolveStage::Config{
      .bands = bands,
      .margins = setup.margins,
      .wants_arc_intrinsic =
          std::ranges::find(config.output.products, "arc_intrinsic") !=
          config.output.products.end(),
      .continuous = setup.deposit == imaging::Deposit::spline,
      .stored_lattice_error = choice.stored_error,
      .pixel_tolerance = pixel_tolerance_of(config.render)}));
  stages.push_back(std::make_unique<HostStage>(
      HostStage::Config{.bands = bands,
                        .stamp_size_pix = config.grid.stamp_size_pix,
                        .kind = config.host.kind,
                        .margins = setup.margins,
                        .inputs = inputs,
                        .variance_includes_source_poisson = includes_poisson,
                        .min_valid_fraction = config.host.least_valid_fraction(),
                        .gain_e_per_nmgy = config.noise.gain_e_per_nmgy,
                        .correlated = config.noise.correlated(),
                        .variance_times_invvar = factors}));
  stages.push_back(std::make_unique<NoiseStage>(
      NoiseStage::Config{.bands = bands,
                         .host = config.host.kind,
                         .enabled = config.noise.enabled,
                         .gain_e_per_nmgy = config.noise.gain_e_per_nmgy,
                         .target_snr = target_snr,
                         .correlation = correlation,
                         .adds_host_poisson = !includes_poisson,
                         .maps = inputs->noise_maps,
                         .variance_times_invvar = factors}));
  stages.push_back(std::make_unique<MeasureStage>(
      MeasureStage::Config{.bands = bands,
                           .grid = config.grid,
                           .aperture_radius_pix = config.measure.aperture_radius_pix,
                           .mask = config.measure.aperture_mask,
                           .annulus_pix = config.measure.annulus_pix,
                           .profile_bins = config.grid.stamp_size_pix / 2,
                           .margins = setup.margins,
                           .pixel_tolerance = pixel_tolerance_of(config.render),
                           .correlation = correlation}));
  return stages;
}

/// What of the PSFs comes with a host.
std::vector<catalogue::HostQuantity> psf_of_hosts(const RunConfig& config,
                                                  const Inputs& inputs) {
  std::vector<catalogue::HostQuantity> quantities;
  for (std::size_t b = 0; b < config.psf.size(); ++b) {
    const auto& psf = inputs.psf[b];
    const auto add = [&](const std::string& quantity, const std::string& key) {
      quantities.push_back({.name = quantity + "_" + config.bands[b],
                            .where = fmt::format("psf.{}.{}", config.bands[b], key),
                            .values = {}});
      return &quantities.back().values;
    };
    if (!psf.of_host.empty()) {
      add("psf_index", config.psf[b].plane_of_host           ? "plane"
                       : config.psf[b].file_per_host.given() ? "file_per_host"
                                                             : "ccdname")
          ->assign(psf.of_host.begin(), psf.of_host.end());
    }
    if (psf.position_of_host.empty()) continue;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      auto* values = add(axis == 0 ? "psf_x_pix" : "psf_y_pix", "position.columns");
      for (const auto& position : psf.position_of_host) {
        values->push_back(position[axis]);
      }
    }
  }
  return quantities;
}

}  // namespace

catalogue::Needs needs_of(const RunConfig& config, const Inputs& inputs) {
  catalogue::Needs needs{
      .bands = config.bands,
      .pixel_scale_arcsec = config.grid.pixel_scale_arcsec,
      .host = config.host.kind,
      .host_count = inputs.hosts ? inputs.hosts->count() : 0,
      .source_image_count = inputs.galaxies ? inputs.galaxies->count() : 0,
      .source_parts = config.source.parts(),
      .knot_count = knot_count_of(config, inputs),
      .sky_noise = config.needs_sky_sigma(),
      .survey_hosts = config.host.survey.has_value()};
  for (std::size_t band = 0; band < config.psf.size(); ++band) {
    auto& need = needs.psf[band];
    need = info_of(config.psf[band]).need;
    const auto& psf = inputs.psf[band];
    const auto count =
        static_cast<std::int64_t>(std::max(psf.kernels.size(), psf.models.size()));
    needs.psf_count[band] = count;
    needs.psf_of_host[band] = !psf.of_host.empty();
    if (need == PsfNeed::index && count <= 1 && psf.of_host.empty()) {
      need = PsfNeed::nothing;
    }
    if (config.psf[band].position_of_host) need = PsfNeed::host_position;
  }
  return needs;
}

Setup make_setup(const RunConfig& config, const std::shared_ptr<const Inputs>& inputs) {
  Setup setup;
  setup.needs = needs_of(config, *inputs);
  catalogue::Priors priors = config.priors;
  add_position_priors(config, *inputs, priors);
  catalogue::HostTable hosts;
  if (inputs->hosts) {
    hosts = {.count = inputs->hosts->count(),
             .policy = config.host.policy,
             .random_rotation = config.host.random_rotation,
             .random_flip = config.host.random_flip,
             .flux_nmgy = inputs->host_measurements.flux_nmgy,
             .quantities = psf_of_hosts(config, *inputs)};
  }
  setup.sampler = std::make_shared<const catalogue::InjectionSampler>(
      catalogue::InjectionSamplerConfig{
          .seed = config.run.seed,
          .needs = setup.needs,
          .priors = std::move(priors),
          .hosts = std::move(hosts),
          .sources = {.reff_arcsec = inputs->galaxy_measurements.reff_arcsec,
                      .random_flip = config.source.galaxies.random_flip},
          .knots = config.source.knots,
          .given = inputs->rows->given(),
          .rows_name = rows_name(config),
          .row_count = inputs->rows->count(),
          .conflict = inputs->conflict,
          .design = config.catalogue.kind == config::CatalogueKind::sobol
                        ? catalogue::Design::sobol
                        : catalogue::Design::random,
          .saltelli_factors = config.catalogue.saltelli_factors,
          .split = config.catalogue.split,
          .cosmology = config.cosmology});
  setup.needs.lens_mass = setup.sampler->lens_mass();

  std::vector<BandProbe> band_probes;
  for (int band = 0; band < config.band_count(); ++band) {
    const auto probes = probe_widths(config, *inputs, *setup.sampler, band);
    auto& of_band = band_probes.emplace_back();
    of_band.band = static_cast<std::size_t>(band);
    of_band.sharpest_fwhm_pix = probes.front().fwhm_pix;
    if (form_of(config.psf[of_band.band]) == PsfForm::model) {
      for (const auto& probe : probes) of_band.rows.push_back(probe.injection);
    }
    add_psf_cases(config, band, probes, setup.psf_cases);
  }
  const bool legacy = config.convolve.op == config::ConvolveOperator::legacy_ifftshift;
  // Said explicitly, oversample 1 is the peers' discrete operation.
  setup.deposit = legacy || config.convolve.oversample == 1 ? imaging::Deposit::pixels
                                                            : imaging::Deposit::spline;
  const auto choice = choose_lattice(config, *inputs, setup.deposit, band_probes);
  setup.margins = make_margin_levels(config, inputs, choice.lattice, setup.deposit);
  setup.lattice = setup.margins->least().convolver->lattice();
  setup.convolver = setup.margins->least().convolver;
  setup.bank = setup.margins->least().bank;
  const bool target_snr = gives(config, *inputs, "src_target_snr");
  setup.chain = std::make_shared<const Chain>(
      make_stages(config, inputs, setup, choice, target_snr), config, setup.needs,
      target_snr ? catalogue::SourceFlux::target_snr : catalogue::SourceFlux::given,
      inputs->host_ids);
  return setup;
}

}  // namespace lensmill::stages
