// SPDX-License-Identifier: Apache-2.0
#include "common/error.h"

namespace arno {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::shape_mismatch:
      return "shape_mismatch";
    case Errc::dtype_mismatch:
      return "dtype_mismatch";
    case Errc::device_mismatch:
      return "device_mismatch";
    case Errc::unsupported:
      return "unsupported";
    case Errc::out_of_memory:
      return "out_of_memory";
    case Errc::cuda_failed:
      return "cuda_failed";
    case Errc::library_failed:
      return "library_failed";
    case Errc::comm_failed:
      return "comm_failed";
    case Errc::io_failed:
      return "io_failed";
    case Errc::data_corrupt:
      return "data_corrupt";
    case Errc::config_invalid:
      return "config_invalid";
    case Errc::timeout:
      return "timeout";
    case Errc::cancelled:
      return "cancelled";
    case Errc::diverged:
      return "diverged";
  }
  return "unknown";
}

}  // namespace arno
