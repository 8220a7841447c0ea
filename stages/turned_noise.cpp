#include "stages/turned_noise.hpp"

#include <algorithm>
#include <utility>

namespace lensmill::stages {
namespace {

std::size_t slot_of(const psf::PlaneTurn& turn) {
  return (turn.quarter_turns % 2 == 1 ? 1U : 0U) + (turn.mirrored ? 2U : 0U);
}

}  // namespace

psf::PlaneTurn turn_of(const catalogue::Injection& injection) {
  return {.quarter_turns = static_cast<int>(injection.host_rotation),
          .mirrored = injection.host_flip != 0};
}

Image<double> turned_lags(ImageView<const double> lags, const psf::PlaneTurn& turn) {
  psf::LatticeKernel kernel;
  kernel.samples.assign(lags.ny(), lags.nx());
  std::ranges::copy(lags.pixels(), kernel.samples.pixels().begin());
  kernel.origin_y = lags.ny() / 2;
  kernel.origin_x = lags.nx() / 2;
  psf::LatticeKernel turned;
  psf::turn_kernel(kernel, turn, turned);
  return std::move(turned.samples);
}

TurnedNoise::TurnedNoise(ImageView<const double> lags, int stamp_size_pix,
                         bool with_hosts) {
  noise_.fill(std::make_shared<const imaging::CorrelatedNoise>(lags, stamp_size_pix));
  if (!with_hosts || psf::is_turn_invariant(lags)) return;
  for (const int quarter_turns : {0, 1}) {
    for (const bool mirrored : {false, true}) {
      const psf::PlaneTurn turn{.quarter_turns = quarter_turns, .mirrored = mirrored};
      if (turn.is_identity()) continue;
      noise_[slot_of(turn)] = std::make_shared<const imaging::CorrelatedNoise>(
          turned_lags(lags, turn).view(), stamp_size_pix);
    }
  }
}

const imaging::CorrelatedNoise& TurnedNoise::of(
    const catalogue::Injection& injection) const {
  return *noise_[slot_of(turn_of(injection))];
}

}  // namespace lensmill::stages
