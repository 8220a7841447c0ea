#include "pipeline/field/band_images.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "lib/canvas/correlated_field.hpp"
#include "lib/core/random_stream.hpp"
#include "pipeline/field/places.hpp"

namespace lensmill::pipeline {
namespace {

canvas::ImageSlab like(const canvas::ImageSlab& other) {
  canvas::ImageSlab slab{.rows = other.rows, .pixels = {}};
  slab.pixels.assign(other.rows.count(), other.pixels.nx());
  return slab;
}

}  // namespace

canvas::ImageSlab unit_sky(int band, const FieldConfig& config, const Scene& scene,
                           const std::vector<canvas::Range>& image_rows,
                           const parallel::Communicator& ranks) {
  const canvas::Range mine = image_rows[static_cast<std::size_t>(ranks.rank())];
  canvas::ImageSlab slab{.rows = mine, .pixels = {}};
  if (!config.run.noise.enabled || config.field.has_base()) return slab;
  const auto white = [&](int y, std::span<float> row) {
    RandomStream(config.run.run.seed, y, stream_of_sky,
                 static_cast<std::uint16_t>(band))
        .fill_normal(row);
  };
  if (config.run.noise.correlated()) {
    return correlated_field(
        config.run.noise.correlation[static_cast<std::size_t>(band)].lags, scene.ny_pix,
        scene.nx_pix, white, image_rows, ranks);
  }
  slab.pixels.assign(mine.count(), scene.nx_pix);
  for (int y = mine.begin; y < mine.end; ++y) white(y, slab.row(y));
  return slab;
}

BandSlabs make_images(int band, canvas::ImageSlab arc, canvas::ImageSlab sky,
                      const FieldConfig& config, const Scene& scene) {
  const auto b = static_cast<std::size_t>(band);
  const auto& noise = config.run.noise;
  BandSlabs slabs;
  slabs.arc = std::move(arc);
  BaseSlab base;
  if (config.field.has_base()) {
    base = read_base(config.field.base[b], slabs.arc.rows);
    slabs.empty = std::move(base.image);
  } else {
    slabs.empty = sky.pixels.size() > 0 ? std::move(sky) : like(slabs.arc);
  }
  slabs.masks = std::move(base.masks);
  slabs.image = like(slabs.arc);
  slabs.variance = like(slabs.arc);
  const double sigma = noise.enabled ? scene.sky_sigma_nmgy[b] : 0.0;
  const auto nx = static_cast<std::size_t>(scene.nx_pix);
  std::vector<double> mean(nx);
  std::vector<double> photons(nx);
  for (int y = slabs.arc.rows.begin; y < slabs.arc.rows.end; ++y) {
    const auto arc_row = slabs.arc.row(y);
    const auto empty = slabs.empty.row(y);
    const auto image = slabs.image.row(y);
    const auto variance = slabs.variance.row(y);
    if (config.field.has_base()) {
      const auto invvar = base.invvar.row(y);
      for (std::size_t x = 0; x < nx; ++x) {
        variance[x] = invvar[x] > 0.0F ? 1.0F / invvar[x] : 0.0F;
      }
    } else if (noise.enabled) {
      for (float& value : empty) value *= static_cast<float>(sigma);
      std::ranges::fill(variance, static_cast<float>(sigma * sigma));
    }
    if (!noise.enabled) {
      for (std::size_t x = 0; x < nx; ++x) image[x] = empty[x] + arc_row[x];
      continue;
    }
    const auto gain_at = [&](std::size_t x) {
      const double exposures =
          base.exposures.pixels.size() > 0
              ? std::max(0.0, static_cast<double>(base.exposures.row(y)[x]))
              : 1.0;
      return noise.gain_e_per_nmgy[b] * exposures;
    };
    for (std::size_t x = 0; x < nx; ++x) {
      mean[x] = std::max(0.0, static_cast<double>(arc_row[x]) * gain_at(x));
    }
    RandomStream(config.run.run.seed, y, stream_of_arc_noise,
                 static_cast<std::uint16_t>(band))
        .fill_poisson(mean, photons);
    for (std::size_t x = 0; x < nx; ++x) {
      const double gain = gain_at(x);
      // Light that is not positive (roundings of the transform) has no photons.
      const float noisy =
          mean[x] > 0.0 ? arc_row[x] + static_cast<float>((photons[x] - mean[x]) / gain)
                        : arc_row[x];
      image[x] = empty[x] + noisy;
      // A variance that is not known (no data) stays unknown.
      const bool known = !config.field.has_base() || variance[x] > 0.0F;
      if (known && mean[x] > 0.0) {
        variance[x] += static_cast<float>(mean[x] / (gain * gain));
      }
    }
  }
  return slabs;
}

canvas::ImageSlab invvar_of(const canvas::ImageSlab& variance) {
  canvas::ImageSlab slab{.rows = variance.rows, .pixels = variance.pixels};
  for (float& value : slab.pixels.pixels()) value = value > 0.0F ? 1.0F / value : 0.0F;
  return slab;
}

canvas::ImageSlab mask_of(const BandSlabs& slabs, const FieldConfig& config,
                          const Scene& scene) {
  auto mask = like(slabs.arc);
  const auto set = [&](int bit, int y0, int x0, int side) {
    for (int y = std::max(y0, mask.rows.begin); y < std::min(y0 + side, mask.rows.end);
         ++y) {
      const auto row = mask.row(y);
      for (int x = std::max(x0, 0); x < std::min(x0 + side, scene.nx_pix); ++x) {
        auto& value = row[static_cast<std::size_t>(x)];
        value = static_cast<float>(static_cast<int>(value) | bit);
      }
    }
  };
  for (const auto& entry : scene.entries) {
    if (!entry.is_painted()) continue;
    const auto corner = corner_of(entry, config.run.grid);
    set(mask_injected, corner.y0, corner.x0, config.run.grid.stamp_size_pix);
    const auto nearest = [](double pix) { return static_cast<int>(std::lround(pix)); };
    set(mask_injected_core, nearest(entry.y_pix) - 1, nearest(entry.x_pix) - 1, 3);
  }
  if (!config.field.has_base()) return mask;
  const auto variance = slabs.variance.pixels.pixels();
  const auto values = mask.pixels.pixels();
  const auto of_base = slabs.masks.pixels.pixels();
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (variance[k] > 0.0F) continue;
    // Sums of different bits, exact below 2^24: read_masks allows no more.
    values[k] += static_cast<float>(mask_no_data);
    if (!of_base.empty()) values[k] += static_cast<float>(mask_of_base) * of_base[k];
  }
  return mask;
}

std::vector<std::string> mask_bit_names(int band, const FieldConfig& config) {
  std::vector<std::string> names(own_mask_bits.begin(), own_mask_bits.end());
  if (!config.field.has_base()) return names;
  const auto of_base = mask_names(config.field.base[static_cast<std::size_t>(band)]);
  names.insert(names.end(), of_base.begin(), of_base.end());
  return names;
}

}  // namespace lensmill::pipeline
