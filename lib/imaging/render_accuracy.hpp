#pragma once

namespace lensmill::imaging {

/// How the accuracy contract (RenderConfig: pixel, core and flux tolerances) is dealt
/// to pixels, cells and kernels. None of these is a setting: what a user chooses is the
/// tolerance. All were found by calibration against independently integrated images on
/// the populations of docs/validation.md, unless something else is said; they trade
/// evaluations for margin.
struct RenderAccuracy {
  // Which pixels are smooth enough for one sample at their centre (smooth_pixels,
  // arc_renderer).
  /// By how much of the peak neighbours of a smooth pixel may differ, at a tolerance of
  /// `calibrated_tolerance`. The centre's rule errs by a share of that; nothing
  /// estimates it.
  double smooth_variation = 0.02;
  /// Nearer to the lens centre the lens map is not smooth.
  double lens_distance_pix = 2.5;
  /// Nearer to a cusp of the brightness its profile is not smooth, in footprints of a
  /// pixel or cell.
  double cusp_footprints = 2.5;
  /// Of the peak: fainter pixels are dark. Single-precision stamps do not resolve it.
  double dark_share = 1.0e-8;

  // The error of a cell (cell_error_kernel, structure).
  /// Error over the samples' range with a cusp inside the cell ...
  double share_inside = 0.05;
  /// ... which it counts as when nearer than this, in footprints.
  double reach_of_inside = 1.3;
  /// Of the mean |det A|: as small as this a cell's least one is taken at most. Where a
  /// critical curve runs through it, or nearly, |det A| is 0 on a line only.
  double least_of_mean_determinant = 0.1;

  // Which cells are divided (cell_integrator). Error estimates are bounds rather than
  // means, errors of many cells partly cancel, and the worst pixel is one of many.
  /// Of a pixel's tolerance, for one cell.
  double cell_share_of_pixel = 0.2;
  /// Of the core's tolerance, for one cell.
  double cell_share_of_core = 0.05;
  /// A cusp that runs through a pixel as a line meets twice as many cells each level
  /// down; beyond this level, where they become many, their errors add up to a fixed
  /// share of the pixel's, without cancelling: cells along a line that runs as the grid
  /// does err alike.
  int level_of_many_cells = 4;
  /// Of its flux, that a cell crossed by a critical curve assigns to the wrong kind.
  double misassigned_share = 0.02;
  /// Of the arc's flux, for what one cell assigns to the wrong kind.
  double kind_tolerance = 1.0e-4;
  /// No cell is cut deeper: 2^-15 pixel.
  int deepest_level = 15;
  /// Half widths from the lens centre below which a cell counts as next to it.
  double central_distance = 3.0;
  /// Tolerances are of the brightest pixel of the stamp; where that is fainter than
  /// this share of the brightest one of its margin, the arc is not in the stamp: such a
  /// row has an error as large as its peak.
  double least_stamp_peak = 1.0e-2;
  /// Light hidden next to a cusp can be missing in so many cells, as errors add in
  /// squares (of the two brightest images, split among two cells each).
  double hidden_cells = 2.0;
  /// Structure finer than cells is known by its root mean square: bounds of the worst
  /// of a stamp's pixels and of the core, that 98 % respect (the largest of 200 normal
  /// deviates exceeds the one in 2 %, a single one the other).
  double structure_of_worst_pixel = 3.9;
  double structure_of_core = 2.33;
  /// The core's flux matters down to this share of the arc (accuracy contract).
  double least_core_share = 1.0e-2;

  // Other tolerances than the default.
  /// The tolerance at which all of this is calibrated.
  double calibrated_tolerance = 1.0e-3;
  /// What estimates are multiplied by for each decade below it (2.5 at 1e-6): more of
  /// the error is then of kinds that neighbouring cells have alike, which do not add up
  /// in squares.
  double caution_per_decade = 1.35;

  // Convolution (fft_convolver).
  /// What the wrapped tail of the spline's coefficients may add to a pixel, of the peak
  /// of a point source's image. Far below the tolerances: it costs a few lattice
  /// points.
  double wrapped_tail = 1.0e-6;
};

inline constexpr RenderAccuracy render_accuracy;

}  // namespace lensmill::imaging
