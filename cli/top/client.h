// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/top/state.h"

namespace arno::cli::top {

/// Asks a job how it goes.
class Client {
 public:
  /// `job`: folder of a run, or "host:port".
  explicit Client(std::string job);

  /// What the job says now, with the newest events. In a folder the address is looked up each time:
  /// a job that is resumed has another one. Throws an Error of one printable line: invalid_argument
  /// for what is neither a folder nor an address, io_failed for a folder without an address,
  /// comm_failed when nobody answers there, data_corrupt when it is no job that answers.
  Snapshot fetch();

 private:
  void add_new_events(const std::string& address);

  std::string job_;
  Snapshot last_;
};

}  // namespace arno::cli::top
