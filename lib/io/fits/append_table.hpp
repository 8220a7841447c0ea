#pragma once

#include <fitsio.h>

#include <span>
#include <string>

#include "lib/core/column.hpp"
#include "lib/io/fits/writer.hpp"

namespace lensmill::io::fits {

/// Append a binary table to an open file: see Writer::add_table. Only lib/io/fits's own
/// sources include this.
void append_table(fitsfile* fits, const std::string& name, const Table& table,
                  std::span<const Card> cards);

}  // namespace lensmill::io::fits
