#include "lib/lens/point_images.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "lib/lens/direction_table.hpp"
#include "lib/lens/image_equation.hpp"
#include "lib/lens/point_source_memory.hpp"

namespace lensmill::lens {
namespace {

/// An image is one when its ray comes this close to the source, relative to the lens.
constexpr double residual_tolerance = 1.0e-11;
/// The same for merging images (below): their ray comes to within rounding, or the
/// source is just outside the caustic and there is no image.
constexpr double merging_residual_tolerance = 2.0e-15;
/// Images closer than this to each other, in arcsec, and of one parity are the same.
constexpr double same_image_arcsec = 1.0e-10;
/// |det A| below which an image is merging with another: its index may be any.
constexpr double merging_determinant = 1.0e-5;

using Candidate = PointSourceMemory::Candidate;

Candidate candidate(const LensModel& lens, Vector2 at, Vector2 source) {
  Candidate out{.at = at, .ray = lens.ray(at.x, at.y)};
  out.residual = std::hypot(source.x - out.ray.beta.x, source.y - out.ray.beta.y);
  return out;
}

/// Newton's iteration in two dimensions; every step kept brings the ray closer.
Candidate polished(const LensModel& lens, Vector2 start, Vector2 source) {
  constexpr int most_steps = 20;
  Candidate best = candidate(lens, start, source);
  for (int i = 0; i < most_steps && best.residual > 0.0; ++i) {
    const Jacobian& a = best.ray.jacobian;
    const double dx = source.x - best.ray.beta.x;
    const double dy = source.y - best.ray.beta.y;
    const double det = best.ray.determinant;
    const Candidate next = candidate(lens,
                                     {best.at.x + (a.yy * dx - a.xy * dy) / det,
                                      best.at.y + (a.xx * dy - a.xy * dx) / det},
                                     source);
    if (!(next.residual < best.residual)) break;
    best = next;
  }
  return best;
}

bool is_ring(const LensModel& lens, Vector2 source) {
  constexpr double on_axis = 1.0e-13;  // of theta_E
  const LensParams& p = lens.params();
  return p.q == 1.0 && p.shear_g1 == 0.0 && p.shear_g2 == 0.0 &&
         std::hypot(source.x, source.y) <= on_axis * p.theta_e_arcsec;
}

/// Sum of the signs of det A over all images, the central ones included.
int expected_index(double gamma, bool inside) {
  if (gamma < 2.0) return 1;
  if (gamma > 2.0) return 0;
  return inside ? 0 : 1;
}

/// What one scan found, beside the images.
struct Search {
  int index =
      0;         ///< sum of the signs of det A, what is left out at the centre included
  int free = 0;  ///< how many images could count either way: merging, or on the cut
};

/// The images are left in `memory`.
Search search(const LensModel& lens, const detail::DirectionTable& table,
              Vector2 source, PointSourceMemory& memory) {
  const double gamma = lens.params().gamma;
  const double scale = lens.params().theta_e_arcsec + std::hypot(source.x, source.y);
  const detail::ImageEquation equation(lens, lens.lens_frame(source));
  Search out;
  auto& images = memory.images;
  images.clear();
  equation.solve(table, memory.equation);
  // On the axis the central image of a shallow lens is the centre itself. A shallow
  // lens has one at most, which the scan may find twice where it ends on it.
  bool has_central = gamma < 2.0 && equation.on_axis();
  for (const Vector2 local : memory.equation.positions) {
    if (std::hypot(local.x, local.y) < least_image_radius_arcsec) {
      has_central = has_central || gamma < 2.0;
      if (gamma >= 2.0) --out.index;
      if (gamma == 2.0) ++out.free;
      continue;
    }
    const Candidate found = polished(lens, lens.sky_frame(local), source);
    const bool is_saddle = found.ray.determinant < 0.0;
    const bool is_merging = std::abs(found.ray.determinant) < merging_determinant;
    const double tolerance =
        is_merging ? merging_residual_tolerance : residual_tolerance;
    if (!(found.residual <= tolerance * scale)) continue;
    const auto same = [&](const Candidate& other) {
      return std::hypot(other.at.x - found.at.x, other.at.y - found.at.y) <
                 same_image_arcsec &&
             (other.ray.determinant < 0.0) == is_saddle;
    };
    if (std::any_of(images.begin(), images.end(), same)) continue;
    images.push_back(found);
    out.index += is_saddle ? -1 : 1;
    if (is_merging) ++out.free;
  }
  if (has_central) ++out.index;
  return out;
}

PointImages listed(std::span<Candidate> images) {
  std::sort(images.begin(), images.end(), [](const Candidate& a, const Candidate& b) {
    return std::abs(a.ray.determinant) < std::abs(b.ray.determinant);
  });
  PointImages out;
  for (const Candidate& image : images) {
    if (out.count == PointImages::capacity) break;
    out.image[std::size_t(out.count++)] = {
        .x_arcsec = image.at.x,
        .y_arcsec = image.at.y,
        .magnification = 1.0 / image.ray.determinant,
        .kind = kind_of(image.ray.determinant, image.ray.trace)};
  }
  return out;
}

/// \param inside whether the source is in the cut; asked for gamma = 2 only
PointImages images_of(const LensModel& lens, PointSourceMemory& memory, bool inside,
                      Vector2 source) {
  if (!std::isfinite(source.x) || !std::isfinite(source.y)) {
    return {.status = Status::image_search};
  }
  if (lens.params().theta_e_arcsec == 0.0) {
    Candidate only = polished(lens, source, source);
    PointImages out = listed({&only, 1});
    out.status = Status::unlensed;
    return out;
  }
  if (is_ring(lens, source)) return {.status = Status::ring};

  const int expected = expected_index(lens.params().gamma, inside);
  const auto satisfied = [&](const Search& found) {
    return std::abs(found.index - expected) <= found.free &&
           memory.images.size() <= std::size_t(PointImages::capacity);
  };
  Search found = search(lens, memory.table, source, memory);
  for (const int refinement : {4, 16}) {
    if (satisfied(found)) break;
    found = search(lens, detail::DirectionTable(lens, refinement), source, memory);
  }
  PointImages out = listed(memory.images);
  if (!satisfied(found)) out.status = Status::image_search;
  return out;
}

}  // namespace

int PointImages::count_of(ImageKind kind) const {
  int n = 0;
  for (const PointImage& i : list()) n += i.kind == kind ? 1 : 0;
  return n;
}

PointImages find_point_images(const LensModel& lens, Vector2 source) {
  PointSourceMemory memory;
  memory.table.set(lens);
  const bool inside =
      lens.params().gamma == 2.0 &&
      caustic_membership(lens, memory.table, memory.equation.scan, source)
          .in_radial_caustic;
  return images_of(lens, memory, inside, source);
}

PointSource find_point_source(const LensModel& lens, Vector2 source,
                              PointSourceMemory& memory) {
  memory.table.set(lens);
  const auto caustics =
      caustic_membership(lens, memory.table, memory.equation.scan, source);
  return {.caustics = caustics,
          .images = images_of(lens, memory, caustics.in_radial_caustic, source)};
}

PointSource find_point_source(const LensModel& lens, Vector2 source) {
  PointSourceMemory memory;
  return find_point_source(lens, source, memory);
}

}  // namespace lensmill::lens
