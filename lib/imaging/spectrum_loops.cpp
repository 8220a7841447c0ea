#include "lib/imaging/spectrum_loops.hpp"

#include "lib/core/multiversion.hpp"

namespace lensmill::imaging {

LENSMILL_MULTIVERSION void multiply_parts(const float* s, const float* k, std::size_t n,
                                          float* __restrict out) {
  for (std::size_t i = 0; i < n; i += 2) {
    out[i] = s[i] * k[i] - s[i + 1] * k[i + 1];
    out[i + 1] = s[i] * k[i + 1] + s[i + 1] * k[i];
  }
}
LENSMILL_MULTIVERSION void multiply_parts_conjugate(const float* s, const float* k,
                                                    std::size_t n,
                                                    float* __restrict out) {
  for (std::size_t i = 0; i < n; i += 2) {
    out[i] = s[i] * k[i] + s[i + 1] * k[i + 1];
    out[i + 1] = s[i + 1] * k[i] - s[i] * k[i + 1];
  }
}
LENSMILL_MULTIVERSION void scale_parts(const float* s, const float* factor,
                                       float common, std::size_t n,
                                       float* __restrict out) {
  for (std::size_t i = 0; i < n; ++i) {
    const float by = common * factor[i];
    out[2 * i] = s[2 * i] * by;
    out[2 * i + 1] = s[2 * i + 1] * by;
  }
}
LENSMILL_MULTIVERSION void spread_symmetric(const float* values, const float* factor,
                                            float common, std::size_t n,
                                            float* __restrict out) {
  for (std::size_t i = 0; i <= n / 2; ++i) {
    out[2 * i] = values[i] * (common * factor[i]);
    out[2 * i + 1] = 0.0F;
  }
  const float* from = values + n / 2 - 1;
  const float* by = factor + n / 2 - 1;
  float* mirrored = out + n + 2;
  for (std::size_t i = 0; i + 1 < n / 2; ++i) {
    mirrored[2 * i] = *(from - i) * (common * *(by - i));
    mirrored[2 * i + 1] = 0.0F;
  }
}
LENSMILL_MULTIVERSION void separate(const float* field, std::size_t step, std::size_t n,
                                    float scale_re, float scale_im,
                                    float* __restrict re, float* __restrict im) {
  if (step == 1) {
    for (std::size_t i = 0; i < n; ++i) {
      re[i] = field[2 * i] * scale_re;
      im[i] = field[2 * i + 1] * scale_im;
    }
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    re[i] = field[2 * i * step] * scale_re;
    im[i] = field[2 * i * step + 1] * scale_im;
  }
}
LENSMILL_MULTIVERSION void take_part(const float* field, std::size_t part,
                                     std::size_t n, double scale,
                                     double* __restrict to) {
  for (std::size_t i = 0; i < n; ++i) {
    to[i] = static_cast<double>(field[2 * i + part]) * scale;
  }
}

LENSMILL_MULTIVERSION void interleave(std::size_t n, const double* re, double scale_re,
                                      const double* im, double scale_im,
                                      float* __restrict out) {
  for (std::size_t i = 0; i < n; ++i) {
    out[2 * i] = static_cast<float>(re[i] * scale_re);
    out[2 * i + 1] = static_cast<float>(im[i] * scale_im);
  }
}

}  // namespace lensmill::imaging
