#pragma once

#include <fitsio.h>

#include "lib/io/fits/writer.hpp"

namespace lensmill::io::fits {

/// Put a card into the current header. Only lib/io/fits's own sources include this.
void write_card(fitsfile* fits, const Card& card, int* status);

}  // namespace lensmill::io::fits
