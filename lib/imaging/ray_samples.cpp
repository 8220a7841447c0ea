#include "lib/imaging/ray_samples.hpp"

namespace lensmill::imaging {

void RaySamples::resize(std::size_t n) {
  size_ = n;
  if (x_.size() >= n + padding) return;
  for (auto* buffer : {&x_, &y_, &bx_, &by_, &brightness_, &determinant_, &trace_}) {
    buffer->resize(n + padding);
  }
}

void RaySamples::shoot(const LensedSource& object) {
  const std::span<double> bx{bx_.data(), size_};
  const std::span<double> by{by_.data(), size_};
  object.lens->ray_shoot({.x_arcsec = x(),
                          .y_arcsec = y(),
                          .beta_x_arcsec = bx,
                          .beta_y_arcsec = by,
                          .determinant = {determinant_.data(), size_},
                          .trace = {trace_.data(), size_},
                          .origin_x_arcsec = object.src_x_arcsec,
                          .origin_y_arcsec = object.src_y_arcsec});
  object.source->evaluate(bx, by, {brightness_.data(), size_});
}

}  // namespace lensmill::imaging
