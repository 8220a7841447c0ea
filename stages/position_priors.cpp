#include "stages/position_priors.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "lib/core/errors.hpp"
#include "lib/psf/psfex_range.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::stages {
namespace {

// A fixed position is every row's: beyond the model no row could be made.
void check_fixed_position(const config::PsfSection& section,
                          const psf::PsfexModel& model, const std::string& where) {
  const auto [x, y] = *section.ccd_position;
  if (section.extrapolate || !psf::beyond_psfex_model(model, x, y)) return;
  std::string range;
  for (std::size_t k = 0; k < model.polynomial_name.size(); ++k) {
    const double half =
        psf::psfex_fitted_distance * std::abs(model.polynomial_scale[k]);
    range += fmt::format("{}{} in [{:.1f}, {:.1f}]", k > 0 ? ", " : "",
                         model.polynomial_name[k], model.polynomial_zero[k] - half,
                         model.polynomial_zero[k] + half);
  }
  throw ConfigError(fmt::format(
      "{}.position: ({:g}, {:g}) is beyond the range of PSFEx model {} (its stars lie "
      "at {}, with a margin of {:g} POLSCAL); a polynomial of degree {} means nothing "
      "outside: name a position on its CCD, counted as the model counts, or say "
      "`extrapolate: true`",
      where, x, y, model.name, range,
      psf::psfex_usable_distance - psf::psfex_fitted_distance,
      model.polynomial_degree));
}

}  // namespace

void add_position_priors(const config::RunConfig& config, const Inputs& inputs,
                         catalogue::Priors& priors) {
  for (std::size_t band = 0; band < config.psf.size(); ++band) {
    const auto& section = config.psf[band];
    if (form_of(section) != config::PsfForm::model) continue;
    const std::string where = "psf." + config.bands[band];
    const auto add = [&](const std::string& axis, catalogue::Sampler sampler) {
      priors.entries.push_back(
          {.quantity = "psf_" + axis + "_pix_" + config.bands[band],
           .prior = std::move(sampler),
           .where = where});
    };
    if (section.ccd_position) {
      const auto& psf = inputs.psf[band];
      if (psf.psfex) check_fixed_position(section, *psf.psfex, where);
      for (const auto& model : psf.models) check_fixed_position(section, model, where);
      add("x", catalogue::Constant{(*section.ccd_position)[0]});
      add("y", catalogue::Constant{(*section.ccd_position)[1]});
    } else if (section.position_uniform_ccd) {
      const auto& model = *inputs.psf[band].psfex;
      for (const char axis : {'x', 'y'}) {
        // The model is scaled so that its range is +- half a POLSCAL about POLZERO.
        double zero = 1.0;
        double scale = 0.0;
        for (std::size_t k = 0; k < model.polynomial_name.size(); ++k) {
          if (model.polynomial_name[k].front() == (axis == 'x' ? 'X' : 'Y')) {
            zero = model.polynomial_zero[k];
            scale = model.polynomial_scale[k];
          }
        }
        if (scale > 0.0) {
          add({axis}, catalogue::Uniform{zero - 0.5 * scale, zero + 0.5 * scale});
        } else {
          add({axis}, catalogue::Constant{zero});
        }
      }
    }
  }
}

}  // namespace lensmill::stages
