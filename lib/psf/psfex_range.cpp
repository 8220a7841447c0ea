#include "lib/psf/psfex_range.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace lensmill::psf {

double psfex_distance(const PsfexModel& model, double x_image, double y_image) {
  double farthest = 0.0;
  for (std::size_t k = 0; k < model.polynomial_name.size(); ++k) {
    const double value = model.polynomial_name[k].starts_with('X') ? x_image : y_image;
    const double distance =
        std::abs((value - model.polynomial_zero[k]) / model.polynomial_scale[k]);
    if (std::isnan(distance)) return std::numeric_limits<double>::quiet_NaN();
    farthest = std::max(farthest, distance);
  }
  return farthest;
}

bool beyond_psfex_model(const PsfexModel& model, double x_image, double y_image) {
  return model.polynomial_degree > 0 &&
         psfex_distance(model, x_image, y_image) > psfex_usable_distance;
}

}  // namespace lensmill::psf
