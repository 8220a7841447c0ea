#include "stages/products.hpp"

#include <algorithm>
#include <array>

namespace lensmill::stages {
namespace {

constexpr std::array all{
    Product{"negative", "nmgy", "the same host with the same noise and no arc",
            &BandImages::negative},
    Product{"positive", "nmgy", "host with the arc and all noise",
            &BandImages::positive},
    Product{"host", "nmgy", "host without added noise", &BandImages::host},
    Product{"arc", "nmgy", "noise-free arc after the PSF", &BandImages::arc},
    Product{"counter_image", "nmgy",
            "noise-free light of the saddle images after the PSF",
            &BandImages::counter_image},
    Product{"arc_intrinsic", "nmgy",
            "noise-free arc before the PSF, integrated over pixels",
            &BandImages::arc_intrinsic},
    Product{"variance", "nmgy2", "variance of `positive`", &BandImages::variance,
            false},
    Product{"mask", "", "1 where the host's image is masked, left out of measurements",
            &BandImages::mask, false},
};

}  // namespace

std::span<const Product> products() { return all; }

const Product* find_product(std::string_view name) {
  const auto* at = std::ranges::find(all, name, &Product::name);
  return at == all.end() ? nullptr : at;
}

}  // namespace lensmill::stages
