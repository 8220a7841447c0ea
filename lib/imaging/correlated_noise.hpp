#pragma once

#include "lib/core/image.hpp"
#include "lib/core/random_stream.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/imaging/fft_plans.hpp"

namespace lensmill::imaging {

/// Stationary Gaussian noise of unit variance and a given correlation function on
/// square stamps, and its covariance matrix R, by circulant embedding (Dietrich &
/// Newsam 1997, SIAM J. Sci. Comput. 18, 1088): on a torus as large as the stamp and
/// the lags together, no pair of the stamp's pixels sees a correlation through the
/// wrap-around. Eigenvalues below spectrum_floor are raised to it and the variance is
/// scaled back to one; noise and R are both of the spectrum so made. Immutable;
/// transforms act in the caller's workspace, in single precision.
class CorrelatedNoise {
 public:
  /// The greatest variance that raising eigenvalues may add. Correlations are then the
  /// ones asked for within twice this.
  static constexpr double most_clipped_share = 0.01;

  /// \param lags correlation function (noise_spectrum.hpp)
  /// \throws DataError if it is none, or so far from positive definite that more than
  ///   most_clipped_share is added
  CorrelatedNoise(ImageView<const double> lags, int stamp_size_pix);

  int stamp_size_pix() const { return shape_.stamp_size; }
  /// Variance added by raising eigenvalues, before the scaling back.
  double clipped_share() const { return clipped_share_; }
  /// Bounds of R's eigenvalues: those of the circulant.
  double least_eigenvalue() const { return least_; }
  double greatest_eigenvalue() const { return greatest_; }
  /// Correlations of the noise as made, [2 reach + 1, 2 reach + 1]; reach < stamp size.
  Image<double> correlation(int reach_pix) const;

  /// One realisation over the stamp. Every pixel depends on the stream alone.
  void draw(RandomStream stream, ConvolverWorkspace& workspace,
            ImageView<float> field) const;
  /// out = R v, both over the stamp; may be the same image.
  void multiply(ImageView<const double> v, ConvolverWorkspace& workspace,
                ImageView<double> out) const;
  /// Variance w^T R w of the weighted sum over a realisation.
  double variance_of_sum(ImageView<const double> weights,
                         ConvolverWorkspace& workspace) const;

 private:
  FftPlans& transform(ImageView<const double> v, ConvolverWorkspace& workspace) const;

  FftShape shape_;
  Image<double> spectrum_;  ///< eigenvalues, [n, n / 2 + 1]
  /// The same, whole, over the transforms' normalisation n^2; as FftPlans::field().
  Image<float> power_;
  Image<float> amplitude_;  ///< sqrt(spectrum) over n^2, likewise
  double clipped_share_ = 0.0;
  double least_ = 0.0;
  double greatest_ = 0.0;
};

}  // namespace lensmill::imaging
