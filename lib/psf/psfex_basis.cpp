#include "lib/psf/psfex_basis.hpp"

#include <array>

#include "lib/core/contracts.hpp"
#include "lib/psf/put_on_lattice.hpp"

namespace lensmill::psf {

void polynomial_terms(const PsfexModel& model, double x_image, double y_image,
                      std::span<double> out) {
  EXPECT(out.size() == model.basis.size());
  const std::size_t variables = model.polynomial_name.size();
  std::array<double, 2> scaled{};
  for (std::size_t i = 0; i < variables; ++i) {
    const bool is_x = model.polynomial_name[i].starts_with('X');
    scaled[i] = ((is_x ? x_image : y_image) - model.polynomial_zero[i]) /
                model.polynomial_scale[i];
  }
  if (variables == 0) {
    out[0] = 1.0;
    return;
  }
  std::size_t term = 0;
  const int degree_y = variables > 1 ? model.polynomial_degree : 0;
  double power_y = 1.0;
  for (int b = 0; b <= degree_y; ++b) {
    double power = power_y;
    for (int a = 0; a + b <= model.polynomial_degree; ++a) {
      out[term++] = power;
      power *= scaled[0];
    }
    power_y *= scaled[1];
  }
}

std::vector<LatticeKernel> lattice_basis(const PsfexModel& model, int oversample) {
  check(model);
  std::vector<LatticeKernel> basis;
  for (const auto& image : model.basis) {
    const PixelKernel mask{.values = image,
                           .samples_per_pixel = 1,
                           .includes_pixel = true,
                           .name = model.name};
    auto& kernel = basis.emplace_back(
        put_on_lattice(mask, 1.0 / model.sampling_pix, oversample, {}));
    kernel.sum = 0.0;
    for (const double value : kernel.samples.pixels()) kernel.sum += value;
    kernel.sum /= static_cast<double>(oversample) * oversample;
    kernel.point_flux = kernel.sum;
  }
  return basis;
}

}  // namespace lensmill::psf
