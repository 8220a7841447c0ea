#include "stages/arc_fields.hpp"

#include "lib/core/contracts.hpp"
#include "lib/core/lanes.hpp"

namespace lensmill::stages {
namespace {

constexpr std::size_t slot(lens::ImageKind kind) {
  return static_cast<std::size_t>(lens::kind_index(kind));
}
constexpr std::size_t minimum = slot(lens::ImageKind::minimum);
constexpr std::size_t saddle = slot(lens::ImageKind::saddle);
constexpr std::size_t maximum = slot(lens::ImageKind::maximum);

}  // namespace

void ArcFields::set(const imaging::ArcPlanes& arc) {
  spectra.clear();
  const auto& of_kind = arc.lattice.plane;
  // Planes of kinds that are not present are zero.
  total.reshape(of_kind[0].ny(), of_kind[0].nx());
  add_values(of_kind[minimum].pixels(), of_kind[saddle].pixels(), total.pixels());
  if (arc.present[maximum]) {
    add_values(total.pixels(), of_kind[maximum].pixels(), total.pixels());
  }
}

ArcViews::ArcViews(const ArcFields& fields, const imaging::ArcPlanes& arc)
    : present_(arc.present) {
  const auto& of_kind = arc.lattice.plane;
  planes_[0] = fields.total.view();
  if (present_[saddle] || present_[maximum]) {
    planes_[count_++] = of_kind[saddle].view();
  }
  if (present_[maximum]) planes_[count_++] = of_kind[maximum].view();
}

std::array<double, lens::kind_count> ArcViews::by_kind(
    std::span<const double> values) const {
  EXPECT(values.size() == count_);
  std::array<double, lens::kind_count> result{};
  if (present_[saddle]) result[saddle] = values[1];
  if (present_[maximum]) result[maximum] = values[2];
  if (present_[minimum]) {
    result[minimum] = values[0] - result[saddle] - result[maximum];
  }
  return result;
}

void arc_before_psf(const imaging::ArcPlanes& arc, double src_flux_nmgy,
                    Image<float>& out) {
  const int margin = (arc.pixel.plane[0].ny() - out.ny()) / 2;
  for (int y = 0; y < out.ny(); ++y) {
    for (int x = 0; x < out.nx(); ++x) {
      out(y, x) =
          static_cast<float>(src_flux_nmgy * arc.pixel.sum(y + margin, x + margin));
    }
  }
}

}  // namespace lensmill::stages
