// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/job_key.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <memory>
#include <span>

#include "common/error.h"
#include "io/detail/file_descriptor.h"
#include "io/detail/shown.h"
#include "io/read_file.h"
#include "io/zeromq/detail/certificate.h"

namespace arno::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kComponent = "job_key";
constexpr std::string_view kFirstLine = "arno job key 1";
constexpr size_t kZ85Bytes = 41;  // 40 characters and a zero

void check_library(bool good, std::string_view doing) {
  ARNO_CHECK(good, Errc::library_failed, "[{}] {} failed", kComponent, doing);
}

/// HKDF-SHA256 (RFC 5869) of the secret, for one purpose.
JobKey::Secret derive(const JobKey::Secret& secret, std::string_view purpose) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr), &EVP_PKEY_CTX_free);
  const auto* key = reinterpret_cast<const unsigned char*>(secret.data());
  const auto* info = reinterpret_cast<const unsigned char*>(purpose.data());
  JobKey::Secret out{};
  size_t size = out.size();
  check_library(
      context && EVP_PKEY_derive_init(context.get()) > 0 &&
          EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) > 0 &&
          EVP_PKEY_CTX_set1_hkdf_key(context.get(), key, static_cast<int>(secret.size())) > 0 &&
          EVP_PKEY_CTX_add1_hkdf_info(context.get(), info, static_cast<int>(purpose.size())) > 0 &&
          EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size) > 0 &&
          size == out.size(),
      "deriving a key");
  return out;
}

CurveKeys curve_keys(const JobKey::Secret& secret) {
  std::string secret_key(kZ85Bytes, '\0');
  std::string public_key(kZ85Bytes, '\0');
  check_library(zmq_z85_encode(secret_key.data(), reinterpret_cast<const uint8_t*>(secret.data()),
                               secret.size()) != nullptr &&
                    zmq_curve_public(public_key.data(), secret_key.c_str()) == 0,
                "making a CURVE key");
  secret_key.pop_back();
  public_key.pop_back();
  return {.public_key = public_key, .secret_key = secret_key};
}

std::string hex(std::span<const std::byte> bytes) {
  std::string out;
  for (const std::byte byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return out;
}

/// Writes a file that was not there.
void write_secret_file(const fs::path& path, std::string_view text) {
  constexpr mode_t kOwnerOnly = 0600;
  const detail::FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
  if (!file.is_open()) detail::fail_errno(kComponent, "making", path);
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0) {
    detail::fail_errno(kComponent, "writing", path);
  }
}

JobKey::Secret parse(const std::string& text, const fs::path& path) {
  const std::string first = std::string(kFirstLine) + "\n";
  ARNO_CHECK(text.starts_with(first), Errc::data_corrupt, "{}: begins with {}, expected \"{}\"",
             path.string(), detail::shown(text.substr(0, text.find('\n'))), kFirstLine);
  std::string_view digits = std::string_view(text).substr(first.size());
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  constexpr std::string_view kHex = "0123456789abcdef";
  ARNO_CHECK(digits.size() == 2 * JobKey::kBytes && digits.find_first_not_of(kHex) == digits.npos,
             Errc::data_corrupt, "{}:2: expected {} hexadecimal digits", path.string(),
             2 * JobKey::kBytes);
  JobKey::Secret out{};
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::byte>(kHex.find(digits[2 * i]) * 16 + kHex.find(digits[2 * i + 1]));
  }
  return out;
}

}  // namespace

JobKey JobKey::make() {
  Secret secret{};
  check_library(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), kBytes) == 1,
                "drawing random bytes");
  return JobKey(secret);
}

CurveKeys JobKey::listener_keys() const {
  return curve_keys(derive(secret_, "arno curve listener 1"));
}

CurveKeys JobKey::connector_keys() const {
  return curve_keys(derive(secret_, "arno curve connector 1"));
}

std::string JobKey::fingerprint() const {
  constexpr size_t kShownBytes = 8;
  const Secret derived = derive(secret_, "arno fingerprint 1");
  return hex(std::span(derived).first(kShownBytes));
}

KeyFolder key_folder(const fs::path& folder) {
  return {.key = folder / "job.key",
          .certificate = folder / "tls.crt",
          .private_key = folder / "tls.key"};
}

JobKey make_job_key(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  ARNO_CHECK(!error, Errc::io_failed, "[{}] making '{}': {}", kComponent, folder.string(),
             error.message());
  const JobKey key = JobKey::make();
  const KeyFolder files = key_folder(folder);
  const detail::Certificate certificate =
      detail::make_certificate(fmt::format("arno job {}", key.fingerprint()));
  // The key last: a folder with a key is complete.
  write_secret_file(files.private_key, certificate.private_key_pem);
  write_secret_file(files.certificate, certificate.pem);
  write_secret_file(files.key, fmt::format("{}\n{}\n", kFirstLine, hex(key.secret())));
  return key;
}

JobKey read_job_key(const fs::path& folder) {
  constexpr mode_t kOthers = 077;
  const fs::path path = key_folder(folder).key;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) detail::fail_errno(kComponent, "reading", path);
  ARNO_CHECK((status.st_mode & kOthers) == 0, Errc::config_invalid,
             "{}: has the mode {:o}, expected 600: others could read the secret", path.string(),
             status.st_mode & 0777);
  ARNO_CHECK(S_ISREG(status.st_mode), Errc::io_failed, "{}: is no regular file", path.string());
  constexpr size_t kMostBytes = 4096;
  return JobKey(parse(read_file(path, kMostBytes), path));
}

}  // namespace arno::io
