#pragma once

#include <span>
#include <string_view>

#include "stages/stamp.hpp"

namespace lensmill::stages {

/// An image that a run can store.
struct Product {
  std::string_view name;  ///< in output.products and under /images
  std::string_view unit;  ///< "" for none
  std::string_view description;
  Image<float> BandImages::*image;
  bool is_flux = true;  ///< drawn in pictures, and has the noise of `variance`
};

/// All that there are, in the order in which pictures show them.
std::span<const Product> products();
/// \return nullptr: there is none of this name
const Product* find_product(std::string_view name);

}  // namespace lensmill::stages
