#pragma once

#include <cstdint>
#include <string_view>

namespace lensmill::lens {

/// Kind of a lensed image by the Jacobian A = d(beta)/d(theta) (Blandford & Narayan
/// 1986).
enum class ImageKind : std::uint8_t {
  none = 0,     ///< padding
  minimum = 1,  ///< det A > 0, tr A > 0: outer image
  saddle = 2,   ///< det A < 0: counter-image
  maximum = 3,  ///< det A > 0, tr A < 0: central image
};
inline constexpr int kind_count = 3;

/// Whether a lens can have maxima: otherwise det A > 0 with tr A < 0 is nowhere.
enum class CentralImages { none, possible };

/// Index 0..2 of a kind in arrays over kinds.
constexpr int kind_index(ImageKind kind) { return static_cast<int>(kind) - 1; }
constexpr std::string_view to_string(ImageKind kind) {
  switch (kind) {
    case ImageKind::minimum: return "minimum";
    case ImageKind::saddle: return "saddle";
    case ImageKind::maximum: return "maximum";
    case ImageKind::none: break;
  }
  return "none";
}
/// Kind from the Jacobian's determinant and trace; det exactly 0 counts as minimum.
constexpr ImageKind kind_of(double determinant, double trace) {
  if (determinant < 0.0) return ImageKind::saddle;
  return trace < 0.0 ? ImageKind::maximum : ImageKind::minimum;
}

}  // namespace lensmill::lens
