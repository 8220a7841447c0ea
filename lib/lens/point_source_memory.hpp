#pragma once

#include <vector>

#include "lib/lens/direction_table.hpp"
#include "lib/lens/image_equation.hpp"

namespace lensmill::lens {

/// Memory of find_point_source (point_images.hpp), reused from call to call.
struct PointSourceMemory {
  /// An image found, before it is known which of them are listed.
  struct Candidate {
    Vector2 at;
    Ray ray;
    double residual = 0.0;
  };
  detail::DirectionTable table;
  detail::ImageEquation::Memory equation;
  std::vector<Candidate> images;
};

}  // namespace lensmill::lens
