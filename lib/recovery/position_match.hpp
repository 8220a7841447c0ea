#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

/// \file
/// Which detections belong to which injections, by position alone.

namespace lensmill::recovery {

/// What coordinates the positions are.
enum class Frame { image, sky };

/// A position as a point in space, arcsec: the distance of two is that of the
/// positions. On an image x, y times the pixel scale and 0; on the sky a point of the
/// sphere whose radius is a radian (the chord is taken for the arc: below 60 arcsec
/// they differ by less than 1e-6 arcsec).
using Position = std::array<double, 3>;
Position on_image(double x_pix, double y_pix, double pixel_scale_arcsec);
Position on_sky(double ra_deg, double dec_deg);
double distance_arcsec(const Position& a, const Position& b);

inline constexpr std::size_t nothing = std::numeric_limits<std::size_t>::max();

struct Neighbour {
  std::size_t index = nothing;
  double distance_arcsec = std::numeric_limits<double>::quiet_NaN();
};

/// Positions that are asked for those near a point: an R-tree (Boost.Geometry), built
/// in O(n log n).
class PositionIndex {
 public:
  /// \pre all finite
  explicit PositionIndex(std::span<const Position> positions);
  ~PositionIndex();
  PositionIndex(PositionIndex&&) noexcept;
  PositionIndex& operator=(PositionIndex&&) noexcept;

  /// All at most so far away, nearest first, equally near ones by their index.
  std::vector<Neighbour> within(const Position& centre, double radius_arcsec) const;

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

enum class Outcome : std::int32_t {
  none = 0,     ///< no detection within the radius
  matched = 1,  ///< has a detection of its own
  shared = 2,   ///< each detection within the radius is another injection's match
};

/// What became of one injection.
struct InjectionMatch {
  Outcome outcome = Outcome::none;
  std::size_t detection = nothing;                                    ///< its match
  double distance_arcsec = std::numeric_limits<double>::quiet_NaN();  ///< of the match
  std::int64_t detections_within = 0;  ///< within the radius, the match among them
  /// Of a shared one: the injection whose match its nearest detection is.
  std::size_t shared_with = nothing;
  /// Whether an equally near pair claimed its detection or itself: who got it was
  /// decided by the keys.
  bool tie = false;
};

struct DetectionMatch {
  std::size_t injection = nothing;     ///< whose match it is
  std::int64_t injections_within = 0;  ///< within the radius
};

struct Matches {
  std::vector<InjectionMatch> injections;
  std::vector<DetectionMatch> detections;
};

/// Mutually nearest pairs within the radius, then those of what is left, until there
/// are none: the pairs in order of their distance, each made where both are still free.
/// Each injection has at most one detection and the other way round. Equal distances go
/// by the injection's key (smaller first), then by the detection's position (x, then y,
/// then z), at last by its row: no result depends on the order of the rows but the row
/// number that stands for one of several detections at the same place. \param keys of
/// the injections, all different \pre all positions finite, radius_arcsec > 0
Matches match_positions(std::span<const Position> injections,
                        std::span<const std::int64_t> keys,
                        std::span<const Position> detections, double radius_arcsec);

}  // namespace lensmill::recovery
