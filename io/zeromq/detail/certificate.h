// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace arno::io::detail {

/// A certificate and its private key, in PEM.
struct Certificate {
  std::string pem;
  std::string private_key_pem;
};

/// A fresh key on P-256 and a certificate of it that it signed itself: good for both ends of a TLS
/// connection and as the authority that vouches for them, for ten years. Throws library_failed.
Certificate make_certificate(const std::string& name);

}  // namespace arno::io::detail
