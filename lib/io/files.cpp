#include "lib/io/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/io/this_process.hpp"

namespace lensmill::io {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw IoError(path + ": " + what + " (" + std::strerror(error) + ")");
}

/// A file descriptor, closed on all ways out.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, mode_t mode = 0)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (value_ < 0) fail(path, "cannot be opened", errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }
  /// Network file systems report a full disk as late as at close.
  void close(const std::string& path) {
    if (::close(std::exchange(value_, -1)) != 0) fail(path, "cannot be closed", errno);
  }

 private:
  int value_;
};

void write_all(const Descriptor& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void sync_file(const std::string& path) {
  Descriptor file(path, O_RDONLY);
  if (::fsync(file.get()) != 0) fail(path, "cannot be synced to disk", errno);
  file.close(path);
}

void sync_folder(const std::string& path) {
  const Descriptor folder(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  // Some network file systems cannot sync a folder and have no need to.
  if (::fsync(folder.get()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail(path, "folder cannot be synced to disk", errno);
  }
}

void publish(const std::string& partial, const std::string& path) {
  sync_file(partial);
  if (std::rename(partial.c_str(), path.c_str()) != 0) {
    fail(partial, "cannot be renamed to " + path, errno);
  }
  sync_folder(std::filesystem::path(path).parent_path().string());
}

std::string own_partial(const std::string& path) {
  return path + "." + process_name() + ".partial";
}

void remove_dead_partials(const std::string& folder, const std::string& published) {
  namespace fs = std::filesystem;
  constexpr std::string_view ending = ".partial";
  const std::string own = process_name();
  std::string local_maker = ".";
  local_maker.append(own, 0, own.rfind('-') + 1);
  std::error_code error;
  const auto now = fs::last_write_time(published, error);
  const bool there = !error;
  error.clear();
  for (fs::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::string name = at->path().filename().string();
    if (!name.ends_with(ending)) continue;
    name.resize(name.size() - ending.size());
    std::error_code none;
    const auto maker = name.rfind(local_maker);
    const bool gone = maker != std::string::npos &&
                      start_of_living(name.substr(maker + local_maker.size())).empty();
    // Both times are the file server's: no clocks are compared.
    const auto changed = fs::last_write_time(at->path(), none);
    const bool old = there && !none && now - changed > abandoned_after;
    if (gone || old) ::unlink(at->path().c_str());
  }
}

void write_text(const std::string& path, std::string_view text) {
  const std::string partial = own_partial(path);
  try {
    Descriptor file(partial, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    write_all(file, partial, text);
    file.close(partial);
    publish(partial, path);
  } catch (...) {
    ::unlink(partial.c_str());
    throw;
  }
}

bool write_text_if_absent(const std::string& path, std::string_view text) {
  const std::string partial = own_partial(path);
  const auto link_to_path = [&] {
    Descriptor file(partial, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    write_all(file, partial, text);
    file.close(partial);
    sync_file(partial);
    // Unlike O_EXCL on some network file systems, a link is made whole or refused.
    if (::link(partial.c_str(), path.c_str()) == 0) return true;
    if (errno != EEXIST) fail(path, "cannot be made", errno);
    return false;
  };
  try {
    const bool made = !std::filesystem::exists(path) && link_to_path();
    ::unlink(partial.c_str());
    if (made) sync_folder(std::filesystem::path(path).parent_path().string());
    return made;
  } catch (...) {
    ::unlink(partial.c_str());
    throw;
  }
}

std::string read_text(const std::string& path) {
  const Descriptor file(path, O_RDONLY);
  std::string text;
  char piece[65536];
  for (;;) {
    const ssize_t got = ::read(file.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot be read", errno);
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

void make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail(path, "folder cannot be made", error.value());
}

void check_writable(const std::string& folder) {
  std::string probe = folder + "/.lensmill-XXXXXX";
  const int descriptor = ::mkstemp(probe.data());
  if (descriptor < 0) fail(folder, "files cannot be made in this folder", errno);
  ::close(descriptor);
  ::unlink(probe.c_str());
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    fail(path, "cannot be removed", errno);
  }
}

}  // namespace lensmill::io
