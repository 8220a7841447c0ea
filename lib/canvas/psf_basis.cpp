#include "lib/canvas/psf_basis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <utility>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::canvas {
namespace {

constexpr std::int16_t hole = -1;

/// Fill the holes of a row from the nearest that is none. \return whether there is one
bool fill_row(std::span<std::int16_t> row) {
  const auto given = std::vector(row.begin(), row.end());
  std::vector<std::size_t> named;
  for (std::size_t x = 0; x < given.size(); ++x) {
    if (given[x] != hole) named.push_back(x);
  }
  if (named.empty()) return false;
  std::size_t next = 0;
  for (std::size_t x = 0; x < row.size(); ++x) {
    while (next < named.size() && named[next] < x) ++next;
    const std::size_t after = std::min(next, named.size() - 1);
    const std::size_t before = next > 0 ? next - 1 : 0;
    const auto distance = [&](std::size_t k) {
      return named[k] > x ? named[k] - x : x - named[k];
    };
    row[x] = given[named[distance(before) <= distance(after) ? before : after]];
  }
  return true;
}

}  // namespace

PsfBasis::PsfBasis(psf::LatticeKernel kernel) { kernels_.push_back(std::move(kernel)); }

PsfBasis::PsfBasis(psf::PsfexModel model, int oversample,
                   psf::Normalisation normalisation, std::array<double, 2> first_pixel)
    : kernels_(psf::lattice_basis(model, oversample)),
      model_(std::move(model)),
      normalisation_(normalisation),
      first_pixel_(first_pixel) {
  if (kernels_.size() > largest_basis) {
    throw DataError(fmt::format("PSFEx model {}: {} basis images are more than {}",
                                model_->name, kernels_.size(), largest_basis));
  }
}

PsfBasis::PsfBasis(std::vector<psf::LatticeKernel> kernels, Image<std::int16_t> map)
    : map_(std::move(map)) {
  // Kernels that no pixel names are left out: each one costs a transform.
  std::vector<std::int16_t> place(kernels.size(), hole);
  for (auto& index : map_.pixels()) {
    if (index < 0 || static_cast<std::size_t>(index) >= kernels.size()) {
      index = hole;
      continue;
    }
    auto& at = place[static_cast<std::size_t>(index)];
    if (at == hole) {
      at = static_cast<std::int16_t>(kernels_.size());
      kernels_.push_back(kernels[static_cast<std::size_t>(index)]);
    }
    index = at;
  }
  EXPECT(!kernels_.empty());
  std::vector<int> filled;
  for (int y = 0; y < map_.ny(); ++y) {
    if (fill_row(map_.view().row(y))) filled.push_back(y);
  }
  for (int y = 0; y < map_.ny(); ++y) {
    const auto nearest = std::ranges::min_element(
        filled, {}, [&](int other) { return std::abs(other - y); });
    if (*nearest == y) continue;
    std::ranges::copy(map_.view().row(*nearest), map_.view().row(y).begin());
  }
}

double PsfBasis::weight(std::size_t term, double x_pix, double y_pix) const {
  if (map_.size() > 0) {
    const auto nearest = [](double pix, int size) {
      return static_cast<int>(std::clamp(std::round(pix), 0.0, size - 1.0));
    };
    const auto named = map_(nearest(y_pix, map_.ny()), nearest(x_pix, map_.nx()));
    return static_cast<std::size_t>(named) == term ? 1.0 : 0.0;
  }
  if (!model_) return 1.0;
  std::array<double, largest_basis> terms;
  const auto used = std::span(terms).first(kernels_.size());
  psf::polynomial_terms(*model_, first_pixel_[0] + x_pix, first_pixel_[1] + y_pix,
                        used);
  if (normalisation_ == psf::Normalisation::keep) return used[term];
  double sum = 0.0;
  for (std::size_t k = 0; k < used.size(); ++k) sum += used[k] * kernels_[k].sum;
  return used[term] / sum;
}

int PsfBasis::reach() const {
  int reach = 0;
  for (const auto& kernel : kernels_) {
    reach = std::max({reach, kernel.origin_y, kernel.origin_x,
                      kernel.samples.ny() - 1 - kernel.origin_y,
                      kernel.samples.nx() - 1 - kernel.origin_x});
  }
  return reach;
}

}  // namespace lensmill::canvas
