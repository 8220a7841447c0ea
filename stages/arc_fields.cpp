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
  spectra_.clear();
  present_ = arc.present;
  const auto& of_kind = arc.lattice.plane;
  // Planes of kinds that are not present are zero.
  total_.reshape(of_kind[0].ny(), of_kind[0].nx());
  add_values(of_kind[minimum].pixels(), of_kind[saddle].pixels(), total_.pixels());
  if (present_[maximum]) {
    add_values(total_.pixels(), of_kind[maximum].pixels(), total_.pixels());
  }
  planes_.assign(1, total_.view());
  if (present_[saddle] || present_[maximum]) planes_.push_back(of_kind[saddle].view());
  if (present_[maximum]) planes_.push_back(of_kind[maximum].view());
}

std::array<double, lens::kind_count> ArcFields::by_kind(
    std::span<const double> values) const {
  EXPECT(values.size() == planes_.size());
  std::array<double, lens::kind_count> result{};
  if (present_[saddle]) result[saddle] = values[1];
  if (present_[maximum]) result[maximum] = values[2];
  if (present_[minimum]) {
    result[minimum] = values[0] - result[saddle] - result[maximum];
  }
  return result;
}

}  // namespace lensmill::stages
