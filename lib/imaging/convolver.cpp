#include "lib/imaging/convolver.hpp"

#include "lib/imaging/direct_convolver.hpp"
#include "lib/imaging/fft_convolver.hpp"

namespace lensmill::imaging {

std::string_view to_string(ConvolutionOperator op) {
  switch (op) {
    case ConvolutionOperator::fft: return "fft";
    case ConvolutionOperator::direct: return "direct";
    case ConvolutionOperator::legacy_ifftshift: return "legacy_ifftshift";
  }
  return "unknown";
}

ImageSpectra::OfSize& ImageSpectra::of_size(int fft_ny, int fft_nx) {
  for (OfSize& size : sizes) {
    if (size.fft_ny == fft_ny && size.fft_nx == fft_nx) return size;
  }
  return sizes.emplace_back(OfSize{.fft_ny = fft_ny, .fft_nx = fft_nx, .pairs = {}});
}

std::unique_ptr<const Convolver> make_convolver(ConvolutionOperator op,
                                                const Lattice& lattice,
                                                Deposit deposit) {
  switch (op) {
    case ConvolutionOperator::direct:
      return std::make_unique<DirectConvolver>(lattice, deposit);
    case ConvolutionOperator::legacy_ifftshift:
      return std::make_unique<FftConvolver>(lattice, deposit,
                                            KernelPlacement::legacy_ifftshift);
    case ConvolutionOperator::fft: break;
  }
  return std::make_unique<FftConvolver>(lattice, deposit,
                                        KernelPlacement::origin_at_zero);
}

}  // namespace lensmill::imaging
