#include "lib/io/fits/cards.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <variant>

namespace lensmill::io::fits {
namespace {

const char* non_finite_text(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "Inf" : "-Inf";
}

struct WriteCard {
  fitsfile* fits;
  const Card& card;
  int* status;

  void operator()(double value) const {
    if (!std::isfinite(value)) {
      (*this)(std::string(non_finite_text(value)));
      return;
    }
    // 17 digits give a double back exactly.
    fits_update_key_dbl(fits, card.keyword.c_str(), value, -17, card.comment.c_str(),
                        status);
  }
  void operator()(std::int64_t value) const {
    fits_update_key_lng(fits, card.keyword.c_str(), value, card.comment.c_str(),
                        status);
  }
  void operator()(const std::string& value) const {
    fits_update_key_longstr(fits, card.keyword.c_str(), value.c_str(),
                            card.comment.c_str(), status);
  }
};

}  // namespace

void write_card(fitsfile* fits, const Card& card, int* status) {
  std::visit(WriteCard{fits, card, status}, card.value);
}

}  // namespace lensmill::io::fits
