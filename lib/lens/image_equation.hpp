#pragma once

#include <vector>

#include "lib/lens/direction_table.hpp"
#include "lib/lens/lens_model.hpp"
#include "lib/lens/scan_memory.hpp"

namespace lensmill::lens::detail {

/// The lens equation reduced to one dimension, for one lens and one source (lens
/// frame). On a direction, h(rho) = rho |m|^2 - rho^(2-gamma) a.m must be source.m;
/// what is then left across m is `mismatch`, zero at images.
class ImageEquation {
 public:
  ImageEquation(const LensModel& lens, Vector2 source);

  /// Whether the source is so close to the centre that a shallow lens's central image
  /// is the centre itself (and the inner branch is nothing but rounding).
  bool on_axis() const;

  /// Which root of h: gamma < 2 has two where source.m < 0.
  enum class Branch { outer, inner };
  struct Point {
    double rho = 0.0;
    double mismatch = 0.0;
  };
  /// `guess` (0: none): a rho near the root, to start from.
  Point at(const Direction& direction, Branch branch, double guess = 0.0) const;
  Point at(double phi, Branch branch) const;

  /// gamma < 2: source.m minus the least value of h; below zero there is no root.
  double fold_distance(const Direction& direction) const;
  double fold_distance(double phi) const;

  struct Memory {
    ScanMemory scan;
    std::vector<double> folds;
    std::vector<Vector2> positions;
  };
  /// Positions rho p of all zeros, lens frame, in `memory.positions`; doubles are
  /// possible at branch ends.
  void solve(const DirectionTable& table, Memory& memory) const;

 private:
  struct Terms {
    double mm, am, bm;  ///< |m|^2, a.m, source.m
  };
  Terms terms(const Direction& direction) const;
  /// gamma < 2: where h is least.
  struct Fold {
    double rho, h;
  };
  Fold fold_of(const Terms& t) const;
  double newton_step(const Terms& t, double rho) const;
  double newton(const Terms& t, double rho) const;
  double outer_root(const Terms& t, double guess) const;
  double inner_root(const Terms& t, double guess) const;
  Direction direction(double phi) const;
  void scan_circle(const DirectionTable& table, Memory& memory) const;
  void scan_folded(const DirectionTable& table, Memory& memory) const;

  /// An interval of phi on which a branch exists; it ends where it meets the other one
  /// (a fold) or the centre.
  struct Arc {
    Branch branch = Branch::outer;
    double from = 0.0;
    double to = 0.0;
  };
  void scan_arc(const Arc& arc, std::size_t nodes_per_turn, Memory& memory) const;

  const LensModel& lens_;
  Vector2 source_;
  double s_ = 0.0;           ///< 2 - gamma = 1 - t
  double resolution_ = 0.0;  ///< of the mismatch: a few roundings
};

}  // namespace lensmill::lens::detail
