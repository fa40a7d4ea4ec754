// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/zeromq/job_key.h"
#include "ops/comm/tls.h"
#include "tests/io/shard_files.h"

namespace arno::testing {

/// A new job key in a folder of its own.
class KeyFiles {
 public:
  KeyFiles() { io::make_job_key(folder()); }

  std::string folder() const { return folder_.path() / "key"; }
  ops::TlsFiles tls() const {
    const io::KeyFolder files = io::key_folder(folder());
    return {.certificate = files.certificate, .private_key = files.private_key};
  }

 private:
  io::TemporaryFolder folder_;
};

}  // namespace arno::testing
