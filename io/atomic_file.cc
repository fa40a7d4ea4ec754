// SPDX-License-Identifier: Apache-2.0
#include "io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "common/error.h"
#include "io/detail/file_descriptor.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kComponent = "atomic_file";

fs::path folder_of(const fs::path& path) {
  const fs::path folder = path.parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

struct Temporary {
  fs::path path;
  detail::FileDescriptor file;
};

/// A new file beside `path`.
Temporary create_temporary(const fs::path& path) {
  constexpr int kAttempts = 1000;
  for (int n = 0;; ++n) {
    fs::path temporary =
        folder_of(path) / fmt::format(".{}.{}.{}.tmp", path.filename().string(), ::getpid(), n);
    detail::FileDescriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.is_open()) return {std::move(temporary), std::move(file)};
    if (errno != EEXIST || n == kAttempts) detail::fail_errno(kComponent, "creating", temporary);
  }
}

}  // namespace

struct AtomicFile::State {
  fs::path path;
  Temporary temporary;
  uint64_t size = 0;

  State(fs::path name, Temporary opened) : path(std::move(name)), temporary(std::move(opened)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { discard(); }

  void discard() {
    temporary.file.close();
    if (!temporary.path.empty()) ::unlink(temporary.path.c_str());
    temporary.path.clear();
  }

  [[noreturn]] void fail(std::string_view doing) {
    const int code = errno;
    discard();
    errno = code;
    detail::fail_errno(kComponent, doing, path);
  }
};

AtomicFile::AtomicFile(fs::path path) {
  ARNO_CHECK(path.has_filename(), Errc::invalid_argument, "[{}] '{}' names no file", kComponent,
             path.string());
  Temporary temporary = create_temporary(path);
  state_ = std::make_unique<State>(std::move(path), std::move(temporary));
}

AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&&) noexcept = default;
AtomicFile::~AtomicFile() = default;

void AtomicFile::append(std::span<const std::byte> bytes) {
  ARNO_CHECK(state_->temporary.file.is_open(), Errc::invalid_argument,
             "[{}] '{}' was committed or has failed, nothing can be appended", kComponent,
             state_->path.string());
  while (!bytes.empty()) {
    const ssize_t written = ::write(state_->temporary.file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) state_->fail(fmt::format("writing after {} bytes of", state_->size));
    state_->size += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::append(std::string_view text) { append(std::as_bytes(std::span(text))); }

void AtomicFile::commit() {
  State& state = *state_;
  ARNO_CHECK(state.temporary.file.is_open(), Errc::invalid_argument,
             "[{}] '{}' was committed or has failed, it cannot be committed", kComponent,
             state.path.string());
  if (::fsync(state.temporary.file.get()) != 0) state.fail("flushing");
  if (state.temporary.file.close() != 0) state.fail("closing");
  if (::rename(state.temporary.path.c_str(), state.path.c_str()) != 0) state.fail("naming");
  state.temporary.path.clear();
  sync_folder(folder_of(state.path));
}

uint64_t AtomicFile::size() const { return state_->size; }

const fs::path& AtomicFile::path() const { return state_->path; }

void write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.append(bytes);
  file.commit();
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

void sync_folder(const fs::path& folder) {
  const auto file = detail::FileDescriptor::open(kComponent, folder, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot flush a folder, and say so by EINVAL.
  if (::fsync(file.get()) != 0 && errno != EINVAL) {
    detail::fail_errno(kComponent, "flushing", folder);
  }
}

}  // namespace arno::io
