// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>

namespace arno::io {

/// A key pair of CURVE (curve25519), each half 40 characters in Z85.
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
};

/// The secret that the nodes of a job share. From it come the keys of the payload plane, the same
/// wherever it is read: a node that has the secret knows everybody's keys, one without it none.
class JobKey {
 public:
  static constexpr size_t kBytes = 32;
  using Secret = std::array<std::byte, kBytes>;

  /// From the system's random numbers. Throws library_failed.
  static JobKey make();
  explicit JobKey(const Secret& secret) : secret_(secret) {}

  const Secret& secret() const { return secret_; }
  /// What a node that listens shows.
  CurveKeys listener_keys() const;
  /// What a node that connects shows.
  CurveKeys connector_keys() const;
  /// 16 hexadecimal digits that tell keys apart and give nothing away: for logs.
  std::string fingerprint() const;

 private:
  Secret secret_;
};

/// The files of a job's key: a folder that is copied to every node.
struct KeyFolder {
  std::filesystem::path key;          ///< job.key: the secret, as text
  std::filesystem::path certificate;  ///< tls.crt: PEM; its own authority
  std::filesystem::path private_key;  ///< tls.key: PEM, of the certificate
};

/// The names of the files in a folder, whether or not they are there.
KeyFolder key_folder(const std::filesystem::path& folder);

/// Makes a key and a certificate and writes them to a folder, which is made where it is missing
/// (mode 0700; the files 0600). Throws io_failed when the folder holds one of the files already.
JobKey make_job_key(const std::filesystem::path& folder);

/// Reads the secret of a folder. Throws io_failed when the file cannot be read, config_invalid
/// when others than its owner may read it, data_corrupt when it is no key.
JobKey read_job_key(const std::filesystem::path& folder);

}  // namespace arno::io
