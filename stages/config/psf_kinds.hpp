#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "lib/catalogue/needs.hpp"
#include "lib/core/contracts.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"
#include "stages/config/run_config.hpp"

/// \file
/// The kinds of PSF: one line a kind. A kind is of one of three forms, which alone
/// decides how it is sampled, put on a lattice and tested; keys beside those of its
/// form are read by stages/config/read_psf.cpp.

namespace lensmill::config {

enum class PsfForm {
  function,  ///< a psf::EllipticalPsf, of another width in every row; no pixel response
  kernels,   ///< a list of stored kernels, of which each row has one
  model,     ///< kernels that follow from the position on the CCD
};

struct PsfKindInfo {
  PsfKind kind;
  std::string_view name;   ///< in the YAML
  std::string_view label;  ///< in texts
  PsfForm form;
  catalogue::PsfNeed need;  ///< of a row's quantities; what the section states is less
};

inline constexpr std::array psf_kinds{
    PsfKindInfo{PsfKind::gaussian, "gaussian", "Gaussian", PsfForm::function,
                catalogue::PsfNeed::fwhm},
    PsfKindInfo{PsfKind::moffat, "moffat", "Moffat", PsfForm::function,
                catalogue::PsfNeed::fwhm_and_beta},
    PsfKindInfo{PsfKind::pixelised, "pixelised", "pixelised", PsfForm::kernels,
                catalogue::PsfNeed::index},
    PsfKindInfo{PsfKind::psfex, "psfex", "PSFEx", PsfForm::model,
                catalogue::PsfNeed::ccd_position},
};

static_assert(std::ranges::all_of(psf_kinds, [](const PsfKindInfo& info) {
  return &info - psf_kinds.data() == static_cast<std::ptrdiff_t>(info.kind);
}));

inline const PsfKindInfo& info_of(const PsfSection& section) {
  return psf_kinds.at(static_cast<std::size_t>(section.kind));
}
inline PsfForm form_of(const PsfSection& section) { return info_of(section).form; }
inline bool is_function(const PsfSection& section) {
  return form_of(section) == PsfForm::function;
}

/// Call `use` with the function of a row's PSF. Contract: is_function()
template <class Use>
auto with_function(const PsfSection& section, double fwhm_pix, double moffat_beta,
                   Use&& use) {
  const psf::PsfShape shape{
      .fwhm_pix = fwhm_pix, .q = section.q, .phi_rad = section.phi_rad};
  switch (section.kind) {
    case PsfKind::gaussian: return use(psf::Gaussian(shape));
    case PsfKind::moffat: return use(psf::Moffat(shape, moffat_beta));
    case PsfKind::pixelised:
    case PsfKind::psfex: break;
  }
  throw ContractError("with_function: a PSF that is no function");
}

}  // namespace lensmill::config
