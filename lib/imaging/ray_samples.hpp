#pragma once

#include <span>

#include "lib/core/image.hpp"
#include "lib/lens/lens_model.hpp"
#include "lib/light/brightness.hpp"

namespace lensmill::imaging {

/// One lensed source on the sky: everything the integrator needs to know of it.
/// Positions in arcsec; the lens relative to the stamp's centre, the source relative to
/// the lens.
struct LensedSource {
  const lens::LensModel* lens = nullptr;
  const light::Brightness* source = nullptr;
  double lens_x_arcsec = 0.0;
  double lens_y_arcsec = 0.0;
  double src_x_arcsec = 0.0;
  double src_y_arcsec = 0.0;
};

/// Buffers for many rays at once, structure of arrays, reused between batches.
class RaySamples {
 public:
  /// Numbers that may be read past the last ray, for loads of whole vectors.
  static constexpr std::size_t padding = 8;
  /// Room for n rays; allocates only to grow.
  void resize(std::size_t n);
  std::size_t size() const { return size_; }

  /// Image-plane positions in arcsec from the *lens*: fill before shoot().
  std::span<double> x() { return {x_.data(), size_}; }
  std::span<double> y() { return {y_.data(), size_}; }
  /// After shoot(): source-plane positions in arcsec from the *source's* centre,
  /// brightness in 1/arcsec^2, det A and tr A.
  std::span<const double> source_x() const { return {bx_.data(), size_}; }
  std::span<const double> source_y() const { return {by_.data(), size_}; }
  std::span<const double> brightness() const { return {brightness_.data(), size_}; }
  std::span<const double> determinant() const { return {determinant_.data(), size_}; }
  std::span<const double> trace() const { return {trace_.data(), size_}; }

  void shoot(const LensedSource& object);

 private:
  std::size_t size_ = 0;
  AlignedVector<double> x_, y_, bx_, by_, brightness_, determinant_, trace_;
};

}  // namespace lensmill::imaging
