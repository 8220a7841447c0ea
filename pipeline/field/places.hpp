#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "pipeline/field/field_config.hpp"
#include "pipeline/field/scene.hpp"

namespace lensmill::pipeline {

/// The random streams of a field (docs/field.md): numbers of StreamTag that nothing
/// else has. The first counter is a place's or an image row's number.
inline constexpr auto stream_of_places = static_cast<StreamTag>(400);
inline constexpr auto stream_of_sky = static_cast<StreamTag>(401);
inline constexpr auto stream_of_arc_noise = static_cast<StreamTag>(402);

using PixelPosition = std::array<double, 2>;  ///< [x, y], from 0

/// How many of the catalogue's rows a field takes: all, or as many as its density asks
/// for. \throws ConfigError: the catalogue has fewer
std::int64_t rows_taken(const FieldConfig& config, const Scene& scene,
                        std::int64_t count);

/// A place for each of `count` rows. NaN where a sky position is not on the image's
/// plane. \throws ConfigError, DataError as make_scene \independent
std::vector<PixelPosition> places_of(const FieldConfig& config, const Scene& scene,
                                     std::int64_t count);

/// Pixel positions of a table. \throws as read_positions; ConfigError: sky positions
/// without a WCS
std::vector<PixelPosition> pixels_of_table(const config::SurveyPositions& table,
                                           const Scene& scene, const std::string& key);

/// Give entries their passes, in order: each the first in which no entry before it is
/// nearer than `exclusion_pix`. Entries that are not painted have none to keep off.
void assign_passes(double exclusion_pix, std::vector<SceneEntry>& entries);

/// Flag entries that others are near: closer than `reach_pix` along both axes.
void flag_neighbours(double reach_pix, std::vector<SceneEntry>& entries);

/// Flag, and leave out, entries within `radius_pix` of one of `objects`.
void avoid_objects(const std::vector<PixelPosition>& objects, double radius_pix,
                   std::vector<SceneEntry>& entries);

}  // namespace lensmill::pipeline
