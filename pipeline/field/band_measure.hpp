#pragma once

#include <cstdint>
#include <vector>

#include "lib/core/column.hpp"
#include "pipeline/field/band_images.hpp"
#include "pipeline/field/field_canvas.hpp"

namespace lensmill::pipeline {

/// Columns of one band that every injection of a field has, with the band's name behind
/// those of stamps, and those of its rendering.
std::vector<ColumnInfo> band_columns(const FieldConfig& config,
                                     const std::string& band);

/// Measure every injection on the band's images (gathered in boxes of the stamp's
/// size): fluxes and fractions on the noise-free arcs, signal to noise with the
/// variance. All arcs' light is in them. One row per entry of the scene; NaN for what
/// was not painted. \return on the root; empty elsewhere \collective
Table measure_band(int band, const BandSlabs& slabs, const FieldConfig& config,
                   const Session& session, const Scene& scene, FieldCanvas& canvas,
                   const parallel::Communicator& ranks, FieldTimings& timings);

}  // namespace lensmill::pipeline
