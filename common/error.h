// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace arno {

/// Why an operation failed.
enum class Errc {
  invalid_argument = 1,  ///< a caller passed a value outside the documented range
  shape_mismatch,        ///< tensor shapes do not fit together
  dtype_mismatch,        ///< tensor element types do not fit together
  device_mismatch,       ///< tensors live on different devices
  unsupported,           ///< valid, but not offered by this build, device or dtype
  out_of_memory,         ///< an allocation failed
  cuda_failed,           ///< a CUDA library reported an error
  library_failed,        ///< another library reported an error
  comm_failed,           ///< a peer or a collective failed
  io_failed,             ///< the file system or the network reported an error
  data_corrupt,          ///< stored bytes are not what their format promises
  config_invalid,        ///< a configuration file has problems
  timeout,               ///< something took longer than it may
  cancelled,             ///< the user or the supervisor stopped the operation
  diverged,              ///< training produced a loss or a gradient that is not finite
};

/// The name of a code, as it stands in the enum.
std::string_view to_string(Errc code);

/// The one exception type of the project.
///
/// The text names the component in brackets, then what was found and what was expected, in one
/// line: "[layer_norm] weight has shape [512], expected [768]".
class Error : public std::runtime_error {
 public:
  Error(Errc code, const std::string& message,
        std::source_location where = std::source_location::current())
      : std::runtime_error(message), code_(code), where_(where) {}

  Errc code() const { return code_; }
  const std::source_location& where() const { return where_; }

 private:
  Errc code_;
  std::source_location where_;
};

/// Throws an Error with a formatted text.
template <class... Args>
[[noreturn]] void fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace arno

/// Throws arno::Error(code, formatted text) unless the condition holds.
#define ARNO_CHECK(condition, code, ...) \
  do {                                   \
    if (!(condition)) [[unlikely]] {     \
      ::arno::fail((code), __VA_ARGS__); \
    }                                    \
  } while (false)
