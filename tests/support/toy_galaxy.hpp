#pragma once

#include <cmath>
#include <cstdint>

#include "lib/core/image.hpp"
#include "lib/core/random_stream.hpp"

/// \file
/// Images of galaxies that are known exactly: an elliptical Gaussian with a knot beside
/// it, on a noisy sky with a neighbour.

namespace lensmill::test_support {

struct ToyGalaxy {
  int size_pix = 81;
  double x0 = 41.3, y0 = 38.8;  ///< of the body
  double sigma_pix = 5.0;       ///< circularised
  double q = 0.6;
  double phi_rad = 0.5;
  double knot_flux = 0.0;  ///< of a round Gaussian of sigma 2, flux of the body 1
  double knot_x = 50.0, knot_y = 44.0;
  double neighbour_flux = 0.0;  ///< at (12, 66), sigma 2
  double sky = 0.0;
  double noise_sigma = 0.0;

  double body(double x, double y) const {
    const double dx = x - x0;
    const double dy = y - y0;
    const double major = std::cos(phi_rad) * dx + std::sin(phi_rad) * dy;
    const double minor = std::cos(phi_rad) * dy - std::sin(phi_rad) * dx;
    const double square =
        (q * major * major + minor * minor / q) / (sigma_pix * sigma_pix);
    return std::exp(-0.5 * square) / (6.283185307179586 * sigma_pix * sigma_pix);
  }
  static double round(double dx, double dy, double sigma) {
    return std::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma)) /
           (6.283185307179586 * sigma * sigma);
  }
  double at(double x, double y) const {
    return body(x, y) + knot_flux * round(x - knot_x, y - knot_y, 2.0) +
           neighbour_flux * round(x - 12.0, y - 66.0, 2.0) + sky;
  }
  Image<float> image(std::uint64_t seed = 1) const {
    Image<float> result(size_pix, size_pix);
    RandomStream noise(seed, 0, StreamTag::self_test);
    for (int y = 0; y < size_pix; ++y) {
      for (int x = 0; x < size_pix; ++x) {
        // Twelve uniforms less six: nearly normal.
        double sum = -6.0;
        for (int k = 0; k < 12; ++k) sum += noise.uniform();
        result(y, x) = static_cast<float>(at(x, y) + noise_sigma * sum);
      }
    }
    return result;
  }
};

}  // namespace lensmill::test_support
