#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/pixel_grid.hpp"

/// \file
/// A user's own columns as this program's: other names, units and conventions. One
/// implementation for catalogues, joint tables and the mapping of `lensmill audit`.

namespace lensmill::catalogue {

/// One of our columns from one of theirs, in `unit`: theirs * factor + offset.
struct ColumnMap {
  std::string ours;    ///< a quantity, or `lens_e1`, `lens_e2` (src, host) in pairs
  std::string theirs;  ///< their column, or an element of one: `FLUX[2]`
  std::string unit;    ///< "": what the file states
  double factor = 1.0;
  double offset = 0.0;
  /// Of a magnitude: the magnitude of 1 nmgy in the column's system.
  std::optional<double> zero_point_mag;
  std::string where{};  ///< "columns.lens_q at run.yaml:9", or ""
};

/// Where their position angles are zero.
enum class AngleZero {
  x,
  y,
  north,  ///< of the sky, and they run through east
};
/// Their ellipticity of the axis ratio q.
enum class EllipticityForm {
  over_sum,             ///< (1-q)/(1+q)
  over_sum_of_squares,  ///< (1-q^2)/(1+q^2)
  one_minus_q,          ///< 1-q
};

/// How their numbers differ from ours in more than a unit; nothing where not stated.
struct MappingConventions {
  std::optional<AngleZero> angle_zero;
  std::optional<bool> angle_clockwise;
  std::optional<bool> src_position_absolute;  ///< counted as the lens's, not from it
  std::optional<bool> theta_e_major_axis;     ///< else the circularised one
  std::optional<bool> src_reff_major_axis;
  std::optional<bool> host_reff_major_axis;
  std::optional<bool> origin_is_half_n;  ///< positions from pixel N/2, not (N-1)/2
  std::optional<EllipticityForm> ellipticity;
};

struct ColumnMapping {
  std::vector<ColumnMap> columns;
  /// The same value in every row, in our units and conventions.
  std::vector<std::pair<std::string, double>> constants{};
  MappingConventions conventions;
  PixelGrid grid;
  /// Whether a magnitude needs no zero point: AB is meant (audit).
  bool magnitudes_are_ab = false;

  bool empty() const { return columns.empty(); }
};

/// Whether the name is of a component of ellipticity (`lens_e1`), which only mappings
/// know.
bool is_ellipticity_component(std::string_view ours);
/// Whether values are angles that `angle_zero` and `angle_direction` concern.
bool is_position_angle(std::string_view ours);

/// Why `unit` is none for this column: "must be rad or deg (got pix)"; "" if it is one.
std::string unit_problem(const std::string& ours, const std::string& unit);

/// A mapping made ready: rows of theirs become rows of ours.
class RowMapping {
 public:
  /// What a file states for one of their columns; nothing: it has no such column.
  using UnitOf = std::function<std::optional<std::string>(const std::string& theirs)>;

  /// What cannot be mapped is in problems(), and must be empty for apply().
  RowMapping(const ColumnMapping& mapping, const UnitOf& unit_of);

  /// (our column, sentence): no unit, another than the file's, a magnitude without zero
  /// point, a convention that needs a column which is not there.
  const std::vector<std::pair<std::string, std::string>>& problems() const {
    return problems_;
  }
  /// Their columns, as the mapping lists them.
  const std::vector<std::string>& inputs() const { return inputs_; }
  /// Our columns: those that are mapped (of a pair of components, axis ratio and
  /// angle), then constants.
  const std::vector<std::string>& outputs() const { return outputs_; }
  /// Angles among them that are north through east, still to be put on the stamp.
  const std::vector<std::string>& sky_angles() const { return sky_angles_; }
  /// Their column (or two) behind one of ours: "`Q`", "`E1`, `E2`"; "" for a constant.
  std::string source_of(const std::string& ours) const;

  /// One row; NaN stays NaN. \return what is wrong with it (|e| >= 1), else "".
  /// \pre theirs as inputs(), ours as outputs()
  std::string apply(std::span<const double> theirs, std::span<double> ours) const;

 private:
  struct Plain {
    std::size_t in = 0, out = 0;
    double factor = 1.0, offset = 0.0;
    std::optional<double> flux_of_zero_point_mag;  ///< a magnitude becomes nmgy
    bool is_ellipticity = false;
  };
  struct Pair {
    std::size_t e1 = 0, e2 = 0, q = 0, phi = 0;
    double factor1 = 1.0, offset1 = 0.0, factor2 = 1.0, offset2 = 0.0;
  };
  struct Radius {
    std::size_t radius = 0, shape = 0;
    bool is_ellipticity = false;  ///< of `shape`, else an axis ratio
  };

  void add_plain(const ColumnMap& map, std::size_t in,
                 const std::optional<std::string>& stated);
  void add_pair(const ColumnMapping& mapping, std::size_t e1);
  void add_radius(const std::string& radius, const std::string& of);
  void add_positions(const ColumnMapping& mapping);
  void problem(const std::string& ours, const std::string& text) {
    problems_.emplace_back(ours, text);
  }
  std::optional<std::size_t> output(const std::string& ours) const;
  std::string unit_of_column(const ColumnMap& map,
                             const std::optional<std::string>& stated);

  PixelGrid grid_;
  bool magnitudes_are_ab_;
  double angle_sign_ = 1.0;
  double angle_zero_rad_ = 0.0;
  bool from_north_ = false;
  EllipticityForm form_ = EllipticityForm::over_sum;
  std::vector<std::string> inputs_, outputs_, sky_angles_, sources_;
  std::vector<Plain> plain_;
  std::vector<Pair> pairs_;
  std::vector<std::pair<std::size_t, double>> constants_;
  std::vector<Radius> radii_;
  std::vector<std::pair<std::size_t, std::size_t>> relative_;  ///< source, lens
  std::vector<std::size_t> shifted_;
  double shift_arcsec_ = 0.0;
  std::vector<std::pair<std::string, std::string>> problems_;
};

}  // namespace lensmill::catalogue
