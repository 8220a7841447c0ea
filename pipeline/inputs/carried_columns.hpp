#pragma once

#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"
#include "lib/parallel/communicator.hpp"

namespace lensmill::pipeline {

/// How a column that the user wants carried is kept (ColumnSource::stored), after a
/// look through all its rows. \throws ConfigError: no such column; DataError: a kind
/// that cannot be kept, or whole numbers that a floating-point column no longer tells
/// apart
ColumnInfo carried(const catalogue::ColumnSource& source, const std::string& name);

/// The root's list on every rank. \collective
void broadcast_columns(std::vector<ColumnInfo>& columns,
                       const parallel::Communicator& world);

}  // namespace lensmill::pipeline
