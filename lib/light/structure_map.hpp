#pragma once

#include <vector>

#include "lib/core/b_spline.hpp"

namespace lensmill::light {

/// By how much the 3 x 3 Gauss rule errs on an interpolated image, measured on the
/// image itself: at squares of half side 1/2, 1, 2, ... pixels everywhere on and about
/// it, the rule against the exact mean (a spline's box means are closed forms), as
/// root-mean-square over blocks. It shows the integrator where structure (also noise)
/// is finer than its cells.
class StructureMap {
 public:
  StructureMap() = default;
  /// \param coefficients of spline_coefficients
  StructureMap(ImageView<const double> coefficients, SplineDegree degree);

  /// Expected error of the rule's mean over a cell about (x, y), in indices of the
  /// original samples, whose farthest point is `reach_pix` away; 0 where the cell sees
  /// nothing.
  double error(double x_pix, double y_pix, double reach_pix) const;
  std::size_t bytes() const;

 private:
  struct Level {
    double reach_pix = 0.0;  ///< half diagonal of its squares
    double first_pix = 0.0;  ///< least coordinate of a block, both axes
    double block_pix = 1.0;
    Image<float> error;  ///< [block y, block x], largest among its neighbours
    double at(double x_pix, double y_pix) const;
  };
  std::vector<Level> levels_;
};

}  // namespace lensmill::light
