#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "lib/analysis/dominance.hpp"
#include "lib/analysis/grouped_sums.hpp"
#include "lib/analysis/leakage_sums.hpp"
#include "lib/analysis/stamp_row.hpp"

namespace lensmill::analysis {

/// How a mean over rows counts them: each alike, or by the arc's flux in the band (a
/// mean over photons).
enum class Weighting { rows, arc_flux };
inline constexpr std::array weightings{Weighting::rows, Weighting::arc_flux};
std::string_view to_string(Weighting weighting);

/// The two accounts that every band and aperture has: `split`, light of each kind
/// before the PSF and what the PSF moves; `net_kind`, light of each kind after it.
enum class Account { split, net_kind };
inline constexpr std::array accounts{Account::split, Account::net_kind};
std::string_view to_string(Account account);
/// Names of its causes, in the order of the sums.
std::span<const std::string_view> causes_of(Account account);

/// Sums of core flux and its causes in every band and aperture, with both weightings:
/// what a statement about the leading cause is held against. Cells as LeakageSums has
/// them.
class CoreViews {
 public:
  CoreViews(Bins bins, std::size_t bands, std::size_t radii,
            std::size_t groups = GroupedSums::default_groups);

  /// A row counts in the views in which all its terms are defined.
  void add(const StampRow& row);
  const GroupedSums& sums() const { return sums_; }
  std::span<std::int64_t> state() { return sums_.state(); }

  /// Where one view is in a cell's sums.
  struct View {
    std::size_t rows = 0;  ///< quantity: the number of rows
    CauseSums split, net_kind;
    const CauseSums& of(Account account) const {
      return account == Account::split ? split : net_kind;
    }
  };
  View view(std::size_t band, std::size_t radius, Weighting weighting) const;

 private:
  Bins bins_;
  std::size_t bands_, radii_;
  GroupedSums sums_;
};

}  // namespace lensmill::analysis
