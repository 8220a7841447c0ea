#include "lib/canvas/patches.hpp"

#include <algorithm>
#include <cstring>

#include "lib/core/b_spline.hpp"

namespace lensmill::canvas {

namespace {

/// Second moment of the deposit's spline, in lattice steps squared: that of the quintic
/// B-spline and what the multiple of its second derivative adds.
constexpr double spline_variance = 6.0 / 12.0 + 2.0 * moms_second;

/// Fourth-order difference of five equidistant values.
double slope(float before2, float before, float after, float after2) {
  return (static_cast<double>(before2) - static_cast<double>(after2) +
          8.0 * (static_cast<double>(after) - static_cast<double>(before))) /
         12.0;
}

}  // namespace

Patch weighted(const Patch& patch, const CanvasGeometry& geometry,
               const PsfBasis& basis, std::size_t term) {
  if (!basis.varies()) return patch;
  constexpr int wider = 2;  // of the differences
  const Place& from = patch.place;
  Patch result{.place = {from.order, from.y0 - wider, from.x0 - wider,
                         from.ny + 2 * wider, from.nx + 2 * wider},
               .values = {}};
  const Place& to = result.place;
  result.values.resize(static_cast<std::size_t>(to.ny) *
                       static_cast<std::size_t>(to.nx));
  const auto value = [&](int y, int x) {  // indices of `from`
    if (y < 0 || x < 0 || y >= from.ny || x >= from.nx) return 0.0F;
    return patch
        .values[static_cast<std::size_t>(y) * static_cast<std::size_t>(from.nx) +
                static_cast<std::size_t>(x)];
  };
  // Weights change little over a patch, their slope hardly at all.
  const double middle_x = geometry.pix_of_index(from.x0 + from.nx / 2);
  const double middle_y = geometry.pix_of_index(from.y0 + from.ny / 2);
  const double per_step =
      basis.is_smooth() ? spline_variance / (2.0 * geometry.oversample) : 0.0;
  const double slope_x = per_step * (basis.weight(term, middle_x + 1.0, middle_y) -
                                     basis.weight(term, middle_x - 1.0, middle_y));
  const double slope_y = per_step * (basis.weight(term, middle_x, middle_y + 1.0) -
                                     basis.weight(term, middle_x, middle_y - 1.0));
  std::size_t at = 0;
  for (int j = 0; j < to.ny; ++j) {
    const int y = j - wider;
    const double y_pix = geometry.pix_of_index(to.y0 + j);
    for (int i = 0; i < to.nx; ++i, ++at) {
      const int x = i - wider;
      const double along_x =
          slope(value(y, x - 2), value(y, x - 1), value(y, x + 1), value(y, x + 2));
      const double along_y =
          slope(value(y - 2, x), value(y - 1, x), value(y + 1, x), value(y + 2, x));
      double light = slope_x * along_x + slope_y * along_y;
      if (const float own = value(y, x); own != 0.0F) {
        light += static_cast<double>(own) *
                 basis.weight(term, geometry.pix_of_index(to.x0 + i), y_pix);
      }
      result.values[at] = static_cast<float>(light);
    }
  }
  return result;
}

void share_out(const Patch& patch, const CanvasGeometry& geometry,
               const std::vector<Range>& rows_of_ranks, std::vector<Bytes>& to) {
  const Place& whole = patch.place;
  const int x0 = std::max(0, whole.x0);
  const int x1 = std::min(geometry.lattice_nx(), whole.x0 + whole.nx);
  if (x0 >= x1) return;
  for (std::size_t rank = 0; rank < to.size(); ++rank) {
    const int y0 = std::max({0, whole.y0, rows_of_ranks[rank].begin});
    const int y1 =
        std::min({geometry.lattice_ny(), whole.y0 + whole.ny, rows_of_ranks[rank].end});
    if (y0 >= y1) continue;
    pack(Place{whole.order, y0, x0, y1 - y0, x1 - x0}, to[rank]);
    for (int y = y0; y < y1; ++y) {
      const auto row = std::span(patch.values)
                           .subspan(static_cast<std::size_t>(y - whole.y0) *
                                        static_cast<std::size_t>(whole.nx) +
                                    static_cast<std::size_t>(x0 - whole.x0));
      pack(row.first(static_cast<std::size_t>(x1 - x0)), to[rank]);
    }
  }
}

void deposit(std::span<const Bytes> received,
             const std::function<double(std::int64_t)>& flux, SlabTransform& canvas) {
  struct Piece {
    Place place;
    std::span<const std::byte> values;
  };
  std::vector<Piece> pieces;
  for (const auto& message : received) {
    for (Unpacker rest(message); !rest.at_end();) {
      const auto place = rest.next<Place>();
      const auto values = static_cast<std::size_t>(place.ny) *
                          static_cast<std::size_t>(place.nx) * sizeof(float);
      pieces.push_back({place, rest.bytes(values)});
    }
  }
  std::ranges::sort(pieces, {}, [](const Piece& piece) { return piece.place.order; });
  std::vector<float> row;
  for (const auto& [place, values] : pieces) {
    const double scale = flux(place.order);
    row.resize(static_cast<std::size_t>(place.nx));
    for (int j = 0; j < place.ny; ++j) {
      std::memcpy(
          row.data(),
          values.data() + static_cast<std::size_t>(j) * row.size() * sizeof(float),
          row.size() * sizeof(float));
      const auto out = canvas.row(place.y0 + j)
                           .subspan(static_cast<std::size_t>(place.x0), row.size());
      for (std::size_t i = 0; i < row.size(); ++i) {
        out[i] += static_cast<float>(scale * static_cast<double>(row[i]));
      }
    }
  }
}

}  // namespace lensmill::canvas
