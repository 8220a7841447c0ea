#pragma once

#include <fftw3.h>

#include <complex>
#include <memory>
#include <stdexcept>
#include <type_traits>

namespace lensmill::imaging {

/// Frees an FFTW plan.
struct DestroyFftwPlan {
  void operator()(fftwf_plan plan) const { fftwf_destroy_plan(plan); }
};
using FftwPlan = std::unique_ptr<std::remove_pointer_t<fftwf_plan>, DestroyFftwPlan>;

/// \throws std::runtime_error if FFTW could make no plan
inline FftwPlan checked_plan(fftwf_plan plan) {
  if (plan == nullptr) throw std::runtime_error("FFTW could not make a plan");
  return FftwPlan(plan);
}

inline fftwf_complex* fftw_pointer(std::complex<float>* values) {
  return reinterpret_cast<fftwf_complex*>(values);
}

}  // namespace lensmill::imaging
