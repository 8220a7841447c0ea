#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include "lib/core/contracts.hpp"

namespace lensmill {

/// Allocator on 64-byte boundaries, for whole SIMD registers and FFTW.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), alignment));
  }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const noexcept {
    return true;
  }
};
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// Non-owning view of a contiguous image [y, x], row-major, pixel (0, 0) lower left.
template <class T>
class ImageView {
 public:
  ImageView() = default;
  ImageView(T* data, int ny, int nx) : data_(data), ny_(ny), nx_(nx) {}
  /// A view of mutable pixels serves wherever one of const pixels is asked for.
  operator ImageView<const T>() const { return {data_, ny_, nx_}; }

  int ny() const { return ny_; }
  int nx() const { return nx_; }
  std::size_t size() const { return std::size_t(ny_) * std::size_t(nx_); }
  T* data() const { return data_; }
  std::span<T> pixels() const { return {data_, size()}; }
  std::span<T> row(int y) const {
    EXPECT(y >= 0 && y < ny_);
    return {data_ + std::size_t(y) * std::size_t(nx_), std::size_t(nx_)};
  }
  T& operator()(int y, int x) const {
    EXPECT(y >= 0 && y < ny_ && x >= 0 && x < nx_);
    return data_[std::size_t(y) * std::size_t(nx_) + std::size_t(x)];
  }

 private:
  T* data_ = nullptr;
  int ny_ = 0;
  int nx_ = 0;
};

/// Owning image [y, x], row-major, 64-byte aligned.
template <class T>
class Image {
 public:
  Image() = default;
  Image(int ny, int nx, T value = T{})
      : pixels_(std::size_t(ny) * std::size_t(nx), value), ny_(ny), nx_(nx) {}

  /// Change the shape and set every pixel; allocates only when it must grow.
  void assign(int ny, int nx, T value = T{}) {
    pixels_.assign(std::size_t(ny) * std::size_t(nx), value);
    ny_ = ny;
    nx_ = nx;
  }
  /// Change the shape, for a writer of every pixel: their values until then is of no
  /// use.
  void reshape(int ny, int nx) {
    pixels_.resize(std::size_t(ny) * std::size_t(nx));
    ny_ = ny;
    nx_ = nx;
  }
  int ny() const { return ny_; }
  int nx() const { return nx_; }
  std::size_t size() const { return pixels_.size(); }
  T* data() { return pixels_.data(); }
  const T* data() const { return pixels_.data(); }
  std::span<T> pixels() { return pixels_; }
  std::span<const T> pixels() const { return pixels_; }
  ImageView<T> view() { return {pixels_.data(), ny_, nx_}; }
  ImageView<const T> view() const { return {pixels_.data(), ny_, nx_}; }
  operator ImageView<T>() { return view(); }
  operator ImageView<const T>() const { return view(); }
  T& operator()(int y, int x) { return view()(y, x); }
  const T& operator()(int y, int x) const { return view()(y, x); }

 private:
  AlignedVector<T> pixels_;
  int ny_ = 0;
  int nx_ = 0;
};

}  // namespace lensmill
