#include "pipeline/field/field_canvas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "lib/canvas/correlated_field.hpp"
#include "lib/canvas/kernel_columns.hpp"
#include "lib/core/errors.hpp"
#include "lib/psf/oversample.hpp"
#include "lib/psf/psfex_range.hpp"
#include "stages/config/psf_kinds.hpp"
#include "stages/lattice_choice.hpp"

namespace lensmill::pipeline {
namespace {

// Injections that a rank renders between two exchanges.
constexpr std::int64_t entries_at_once = 32;

/// The run's lattice was chosen for the field's middle.
void check_lattice(int band, const psf::PsfexModel& model, const FieldConfig& config,
                   const Session& session, const Scene& scene) {
  const auto& section = config.run.psf[static_cast<std::size_t>(band)];
  const int oversample = session.setup.lattice.oversample;
  const auto first = first_pixel_on_ccd(section, scene);
  constexpr int places = 3;  // along each axis
  // A kernel's cut is no feature of the PSF.
  constexpr double edge_samples = 4.0;
  const double reach = std::max(
      1.0, (0.5 * std::min(model.basis[0].ny(), model.basis[0].nx()) - edge_samples) *
               model.sampling_pix);
  for (int k = 0; k < places * places; ++k) {
    const double x = first[0] + 0.5 * (k % places) * (scene.nx_pix - 1);
    const double y = first[1] + 0.5 * static_cast<int>(k / places) * (scene.ny_pix - 1);
    if (!section.extrapolate && psf::beyond_psfex_model(model, x, y)) continue;
    const auto kernel = [&](int points) {
      return psf::lattice_kernel_at(model, x, y, {.oversample = points});
    };
    const double error =
        psf::lattice_error_of(kernel(oversample), kernel(2 * oversample), reach);
    const double allowed = stages::pixel_tolerance_of(config.run.render);
    if (error <= allowed) continue;
    throw ConfigError(
        fmt::format("convolve.oversample: {} lattice points per pixel are too few for "
                    "psf.{} at CCD "
                    "position ({:.0f}, {:.0f}): its error between them is {:.2g} of "
                    "its peak (allowed "
                    "{:.2g}); state {} or more",
                    oversample, config.run.bands[static_cast<std::size_t>(band)], x, y,
                    error, allowed, oversample + 1));
  }
}

}  // namespace

canvas::PsfBasis psf_basis_of(int band, const FieldConfig& config,
                              const Session& session, const Scene& scene) {
  const auto b = static_cast<std::size_t>(band);
  const auto& section = config.run.psf[b];
  const auto& setup = session.setup;
  const int oversample = setup.lattice.oversample;
  if (form_of(section) == config::PsfForm::model) {
    const auto& model = *session.opened.inputs->psf[b].model(0);
    check_lattice(band, model, config, session, scene);
    return {model, oversample, section.normalisation,
            first_pixel_on_ccd(section, scene)};
  }
  // Analytic kernels reach as far as light and a pixel of the widest stamp are apart.
  const stages::PsfBank bank(
      config.run.psf, session.opened.inputs, oversample, psf::PixelResponse::apply,
      stages::kernel_reach(config.run, setup.deposit, config.run.grid.stamp_size_pix));
  psf::FunctionKernelWorkspace workspace;
  catalogue::Injection row = scene.psf_row;
  const auto& map = scene.psf_map[b];
  const std::size_t count =
      map.size() > 0 ? session.opened.inputs->psf[b].kernels.size() : 1;
  std::vector<psf::LatticeKernel> kernels(count);
  for (std::size_t k = 0; k < count; ++k) {
    if (map.size() > 0) row.psf_index[b] = static_cast<std::int64_t>(k);
    bank.make(band, row, workspace, kernels[k]);
  }
  if (map.size() > 0) return {std::move(kernels), map};
  return canvas::PsfBasis(std::move(kernels.front()));
}

FieldMemory memory_of(const canvas::CanvasGeometry& geometry, std::size_t most_terms,
                      std::int64_t entries, const FieldConfig& config, int ranks) {
  const double slab =
      canvas::SlabTransform::bytes_per_rank(geometry.fft_ny, geometry.fft_nx, ranks);
  const double rows = static_cast<double>((geometry.ny_pix + ranks - 1) / ranks);
  const double image = rows * geometry.nx_pix * sizeof(float);
  // Arcs, empty field, image, variance and one on its way to a file; a base image's
  // inverse variances and exposures.
  const double images =
      (config.field.has_base() ? 7.0 : 5.0) + (config.field.by_kind ? 2.0 : 0.0);
  constexpr double program = 150.0e6;
  constexpr double bytes_per_entry = 400.0;
  const double maps =
      2.0 * sizeof(std::int16_t) * geometry.ny_pix *
      static_cast<double>(geometry.nx_pix) *
      static_cast<double>(std::ranges::count_if(
          config.field.psf_map, [](const auto& path) { return !path.empty(); }));
  constexpr double in_hand = 100.0e6;
  double transforms = slab * ((ranks > 1 ? 2.0 : 1.0) + (most_terms > 1 ? 1.0 : 0.0));
  if (config.run.noise.correlated()) {
    const auto& lags = config.run.noise.correlation.front().lags;
    transforms += canvas::correlated_field_bytes(
        std::max(lags.ny(), lags.nx()), geometry.ny_pix, geometry.nx_pix, ranks);
  }
  return {.canvas = transforms,
          .images = image * images,
          .other = program + in_hand + maps +
                   bytes_per_entry * static_cast<double>(entries)};
}

FieldCanvas::FieldCanvas(const FieldConfig& config, const Session& session,
                         const Scene& scene, const canvas::CanvasGeometry& geometry,
                         double patch_bytes, const parallel::Communicator& ranks,
                         Log& log)
    : config_(config),
      scene_(scene),
      geometry_(geometry),
      ranks_(ranks),
      log_(log),
      patch_bytes_left_(patch_bytes),
      painter_(config, session, scene),
      transform_(geometry.fft_ny, geometry.fft_nx, ranks),
      image_rows_(canvas::image_rows_of_ranks(geometry, transform_.rows_of_ranks())) {}

const canvas::Patch& FieldCanvas::patch_of(std::int64_t order,
                                           std::optional<lens::ImageKind> kind) {
  const auto kept = kind ? kept_.end() : kept_.find(order);
  if (kept != kept_.end()) return kept->second;
  in_hand_ = painter_.paint(scene_.entries[static_cast<std::size_t>(order)], order,
                            geometry_, kind, painted_[order]);
  const auto bytes = static_cast<double>(in_hand_.values.size() * sizeof(float));
  if (kind || bytes > patch_bytes_left_) return in_hand_;
  patch_bytes_left_ -= bytes;
  return kept_[order] = std::move(in_hand_);
}

void FieldCanvas::add_light(int band, const canvas::PsfBasis& basis, std::size_t term,
                            std::optional<lens::ImageKind> kind,
                            FieldTimings& timings) {
  const auto count = static_cast<std::int64_t>(scene_.entries.size());
  const std::int64_t block = entries_at_once * ranks_.size();
  const auto flux = [&](std::int64_t order) {
    return scene_.entries[static_cast<std::size_t>(order)]
        .src_flux_nmgy[static_cast<std::size_t>(band)];
  };
  for (std::int64_t first = 0; first < count; first += block) {
    std::vector<canvas::Bytes> to(static_cast<std::size_t>(ranks_.size()));
    ranks_.agree([&] {
      const Stopwatch watch(timings.render);
      for (std::int64_t k = first; k < std::min(count, first + block); ++k) {
        const auto& entry = scene_.entries[static_cast<std::size_t>(k)];
        if (owner(k) != ranks_.rank() || !entry.is_painted()) continue;
        const auto& patch = patch_of(k, kind);
        if (patch.values.empty()) continue;
        share_out(weighted(patch, geometry_, basis, term), geometry_,
                  transform_.rows_of_ranks(), to);
      }
    });
    const Stopwatch watch(timings.exchange);
    deposit(canvas::exchange_messages(ranks_, to), flux, transform_);
    say_progress(band, term, basis.terms(), std::min(count, first + block));
  }
}

void FieldCanvas::say_progress(int band, std::size_t term, std::size_t terms,
                               std::int64_t done) {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> apart(log_.is_terminal() ? 0.5 : 30.0);
  if (now - said_ < apart) return;
  said_ = now;
  log_.progress(fmt::format("{}: PSF term {} of {}, {} of {} injections",
                            config_.run.bands[static_cast<std::size_t>(band)], term + 1,
                            terms, done, scene_.entries.size()));
}

canvas::ImageSlab FieldCanvas::arcs(int band, const canvas::PsfBasis& basis,
                                    FieldTimings& timings,
                                    std::optional<lens::ImageKind> kind) {
  canvas::SpectrumSum sum;
  for (std::size_t term = 0; term < basis.terms(); ++term) {
    transform_.clear();
    add_light(band, basis, term, kind, timings);
    const Stopwatch watch(timings.transform);
    transform_.forward();
    if (basis.terms() == 1) {
      canvas::multiply_by_kernel(basis.kernel(0), transform_);
    } else {
      sum.add(basis.kernel(term), transform_);
    }
  }
  const Stopwatch watch(timings.transform);
  if (basis.terms() > 1) sum.put(transform_);
  transform_.inverse();
  return take_image(transform_, geometry_,
                    image_rows_[static_cast<std::size_t>(ranks_.rank())]);
}

}  // namespace lensmill::pipeline
