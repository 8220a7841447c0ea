#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/config/parse.hpp"
#include "lib/config/scalars.hpp"
#include "lib/core/text.hpp"
#include "pipeline/noise_model/noise_model.hpp"
#include "pipeline/program/build_info.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {
namespace {

using config::Node;

constexpr int printed_lags = 4;
// Of the file: below every uncertainty.
constexpr double lag_step = 1.0e-6;

// Of the picture.
constexpr int picture_side = 512;
constexpr int gap_pix = 8;
constexpr double darkest_sigmas = -3.0;
constexpr double brightest_sigmas = 8.0;

using Rgb = std::array<double, 3>;  ///< in [0, 1]
constexpr Rgb unusable_colour{0.08, 0.10, 0.30};
constexpr Rgb source_colour{1.0, 0.62, 0.25};

Node lags_node(const Image<double>& lags) {
  std::vector<std::vector<double>> rows;
  for (int y = 0; y < lags.ny(); ++y) {
    rows.emplace_back();
    for (int x = 0; x < lags.nx(); ++x) {
      // Adding 0 turns -0 into 0.
      rows.back().push_back(std::round(lags(y, x) / lag_step) / (1.0 / lag_step) + 0.0);
    }
  }
  return config::number_rows_node(rows);
}

void add(Node& map, const std::string& key, Node value) {
  map.entries.push_back({.key = key, .value = std::move(value)});
}

void add(Node& map, const std::string& key, double value) {
  add(map, key, Node::make_scalar(fmt::format("{:.6g}", value)));
}

Node file_node(const std::string& path, const std::string& sha256, int hdu) {
  Node file = Node::make_map();
  add(file, "path", Node::make_string(path));
  add(file, "sha256", Node::make_string(sha256));
  if (hdu >= 0) add(file, "hdu", Node::make_scalar(std::to_string(hdu)));
  return file;
}

/// Mean of the lags on the rim, where little should be left.
double rim_of(const Image<double>& lags) {
  double sum = 0.0;
  int count = 0;
  for (int y = 0; y < lags.ny(); ++y) {
    for (int x = 0; x < lags.nx(); ++x) {
      if (y > 0 && x > 0 && y < lags.ny() - 1 && x < lags.nx() - 1) continue;
      sum += lags(y, x);
      ++count;
    }
  }
  return sum / count;
}

double sum_of(const Image<double>& lags) {
  double sum = 0.0;
  for (const double value : lags.pixels()) sum += value;
  return sum;
}

std::string table(const NoiseModel& model) {
  const auto& measured = model.measured;
  const int reach = model.request.max_lag_pix;
  const int printed = std::min(reach, printed_lags);
  std::string text = "  dy \\ dx";
  for (int dx = -printed; dx <= printed; ++dx) text += fmt::format(" {:>7}", dx);
  text += "\n";
  for (int dy = 0; dy <= printed; ++dy) {
    text += fmt::format("  {:>7}", dy);
    for (int dx = -printed; dx <= printed; ++dx) {
      text += fmt::format(" {:+7.3f}", measured.correlation(reach + dy, reach + dx));
    }
    text += "\n";
  }
  return text;
}

/// One picture pixel: the mean of the image's pixels that fall into it.
struct Shade {
  double sum = 0.0;
  int usable = 0;
  int blank = 0;
  int all = 0;
};

imaging::Picture image_picture(const NoiseModel& model) {
  const int shrink =
      std::max(1, (std::max(model.pixels.ny(), model.pixels.nx()) + picture_side - 1) /
                      picture_side);
  imaging::Picture picture{.ny = (model.pixels.ny() + shrink - 1) / shrink,
                           .nx = (model.pixels.nx() + shrink - 1) / shrink,
                           .rgb = {}};
  double sky = 0.0;
  for (std::size_t k = 0; k < model.pixels.size(); ++k) {
    if (model.blank.pixels()[k] != 0) sky += double{model.pixels.pixels()[k]};
  }
  sky /= static_cast<double>(std::max<std::int64_t>(1, model.blank_pixels()));
  for (int py = 0; py < picture.ny; ++py) {
    for (int px = 0; px < picture.nx; ++px) {
      Shade shade;
      for (int y = py * shrink; y < std::min(model.pixels.ny(), (py + 1) * shrink);
           ++y) {
        for (int x = px * shrink; x < std::min(model.pixels.nx(), (px + 1) * shrink);
             ++x) {
          ++shade.all;
          if (model.usable(y, x) == 0) continue;
          ++shade.usable;
          shade.blank += model.blank(y, x);
          shade.sum += double{model.pixels(y, x)} - sky;
        }
      }
      Rgb colour = unusable_colour;
      if (2 * shade.usable > shade.all) {
        const double value = shade.sum / shade.usable / model.sigma.rms;
        const double grey = std::clamp(
            (value - darkest_sigmas) / (brightest_sigmas - darkest_sigmas), 0.0, 1.0);
        const bool source = 2 * shade.blank < shade.usable;
        for (std::size_t c = 0; c < 3; ++c) {
          // Sources stay visible where they are no brighter than the sky.
          colour[c] = source ? source_colour[c] * (0.35 + 0.65 * grey) : grey;
        }
      }
      for (const double c : colour) {
        picture.rgb.push_back(static_cast<std::uint8_t>(std::lround(255.0 * c)));
      }
    }
  }
  return picture;
}

/// White at 0, red above, blue below; the square root, so that faint tails are seen.
imaging::Picture lags_picture(const Image<double>& lags, int side) {
  imaging::Picture picture{.ny = side, .nx = side, .rgb = {}};
  for (int py = 0; py < side; ++py) {
    for (int px = 0; px < side; ++px) {
      const double rho = lags(py * lags.ny() / side, px * lags.nx() / side);
      const double strength = std::sqrt(std::min(1.0, std::abs(rho)));
      const double other = 1.0 - strength;
      const Rgb colour = rho > 0.0 ? Rgb{1.0 - 0.3 * strength, other, other}
                                   : Rgb{other, other, 1.0 - 0.3 * strength};
      for (const double c : colour) {
        picture.rgb.push_back(static_cast<std::uint8_t>(std::lround(255.0 * c)));
      }
    }
  }
  return picture;
}

}  // namespace

std::string noise_model_yaml(const NoiseModel& model) {
  Node root = Node::make_map();
  add(root, "format", Node::make_string(std::string(config::noise_model_format)));
  add(root, "made_by", Node::make_string(version_line()));
  add(root, "image", file_node(model.request.image, model.image_sha256, model.hdu));
  if (model.request.invvar) {
    add(root, "invvar", file_node(*model.request.invvar, model.invvar_sha256, -1));
  }
  add(root, "unit", Node::make_string(model.unit));
  add(root, "usable_pixels", Node::make_scalar(std::to_string(model.usable_pixels())));
  add(root, "blank_pixels", Node::make_scalar(std::to_string(model.blank_pixels())));
  add(root, "cells", Node::make_scalar(std::to_string(model.measured.cells)));
  add(root, "cell_pix", Node::make_scalar(std::to_string(model.cell_pix)));
  add(root, "sigma_rms", model.sigma.rms);
  add(root, "sigma_mad", model.sigma.mad);
  if (model.variance_times_invvar) {
    add(root, "variance_times_invvar", *model.variance_times_invvar);
    add(root, "variance_times_invvar_mad", *model.variance_times_invvar_mad);
  }
  // rho[dy + max_lag][dx + max_lag]
  add(root, "max_lag_pix",
      Node::make_scalar(std::to_string(model.request.max_lag_pix)));
  add(root, "lags", lags_node(model.lags));
  add(root, "measured_lags", lags_node(model.measured.correlation));
  add(root, "uncertainty", lags_node(model.measured.uncertainty));
  return config::emit_yaml(root);
}

std::string noise_model_text(const NoiseModel& model) {
  const auto& measured = model.measured;
  const int reach = model.request.max_lag_pix;
  const auto at = [&](const Image<double>& lags, int dy, int dx) {
    return lags(reach + dy, reach + dx);
  };
  const double all = static_cast<double>(model.pixels.size());
  std::string text = fmt::format(
      "{}, HDU {}: {} x {} pixels{}\n"
      "  {} usable ({:.1f} %), {} of them blank ({:.1f} %); {} cells of {} pixels "
      "used\n"
      "  sigma per pixel: {:.6g} (rms), {:.6g} (1.4826 MAD){}\n",
      model.request.image, model.hdu, model.pixels.ny(), model.pixels.nx(),
      model.unit.empty() ? "" : ", " + model.unit, grouped(model.usable_pixels()),
      100.0 * static_cast<double>(model.usable_pixels()) / all,
      grouped(model.blank_pixels()),
      100.0 * static_cast<double>(model.blank_pixels()) /
          static_cast<double>(model.usable_pixels()),
      measured.cells, model.cell_pix, model.sigma.rms, model.sigma.mad,
      model.unit.empty() ? "" : " " + model.unit);
  if (model.variance_times_invvar) {
    text += fmt::format(
        "  variance times inverse variance: {:.4f} (rms), {:.4f} (MAD); 1 where the "
        "inverse variance is that of the pixels as they are\n",
        *model.variance_times_invvar, *model.variance_times_invvar_mad);
  }
  text += fmt::format(
      "correlation function, measured (lags in pixels; dy < 0 by symmetry):\n{}"
      "  lag 1: {:+.4f} +- {:.4f} along x, {:+.4f} +- {:.4f} along y\n"
      "  rim (lag {}): {:+.4f} on average; sky that varies within a cell would show "
      "there\n"
      "  sum over lags {:.2f}: the noise of a large aperture is {:.2f} times what "
      "white "
      "noise of this sigma gives\n"
      "  made positive definite: correlations changed by at most {:.4f}\n",
      table(model), at(measured.correlation, 0, 1), at(measured.uncertainty, 0, 1),
      at(measured.correlation, 1, 0), at(measured.uncertainty, 1, 0), reach,
      rim_of(measured.correlation), sum_of(model.lags),
      std::sqrt(std::max(0.0, sum_of(model.lags))), model.largest_change());
  return text;
}

imaging::Picture noise_model_picture(const NoiseModel& model) {
  const auto image = image_picture(model);
  const std::array panels{image, lags_picture(model.measured.correlation, image.ny)};
  const int zoom = std::max(1, picture_side / image.ny);
  return imaging::side_by_side(panels, zoom, gap_pix);
}

}  // namespace lensmill::pipeline
