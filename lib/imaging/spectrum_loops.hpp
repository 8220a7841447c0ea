#pragma once

#include <complex>
#include <cstddef>

/// \file
/// Element-wise loops over complex numbers as interleaved real and imaginary parts
/// (std::complex's product would test every result for NaN).

namespace lensmill::imaging {

/// out = s k; n counts parts.
void multiply_parts(const float* s, const float* k, std::size_t n, float* out);

/// Sum of conj(w) s; n counts parts. Single precision within blocks of some hundred
/// terms, double over them. Run-time dispatched (Highway).
std::complex<double> dot_conjugate(const float* w, const float* s, std::size_t n);

/// out = s conj(k); n counts parts.
void multiply_parts_conjugate(const float* s, const float* k, std::size_t n,
                              float* out);

/// out = s common factor, one real factor per complex number; n counts those.
void scale_parts(const float* s, const float* factor, float common, std::size_t n,
                 float* out);

/// One row of a real, symmetric spectrum of n frequencies from its first n / 2 + 1
/// values: out[i] = out[n - i] = values[i] common factor[i]. n is even.
void spread_symmetric(const float* values, const float* factor, float common,
                      std::size_t n, float* out);

/// re[i], im[i] = the parts of field[i * step], scaled.
void separate(const float* field, std::size_t step, std::size_t n, float scale_re,
              float scale_im, float* re, float* im);

/// to[i] = part 0 or 1 of field[i], scaled.
void take_part(const float* field, std::size_t part, std::size_t n, double scale,
               double* to);

/// out[i] = (re[i] scale_re, im[i] scale_im), rounded to single precision.
void interleave(std::size_t n, const double* re, double scale_re, const double* im,
                double scale_im, float* out);

}  // namespace lensmill::imaging
