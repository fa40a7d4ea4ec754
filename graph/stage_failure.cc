// SPDX-License-Identifier: Apache-2.0
#include "graph/stage_failure.h"

#include <new>

namespace arno::graph {

StageFailure failure_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return {error.code(), error.what(), false};
  } catch (const std::bad_alloc&) {
    return {Errc::out_of_memory, "out of memory", true};
  } catch (const std::exception& error) {
    return {Errc::library_failed, error.what(), true};
  } catch (...) {
    return {Errc::library_failed, "an unknown exception", true};
  }
}

}  // namespace arno::graph
