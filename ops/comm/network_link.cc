// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/detail/network_link.h"

#include "ops/comm/detail/pipe_signal.h"

namespace arno::ops::detail {

void NetworkLink::exchange(std::string_view call, std::span<const Outgoing> out,
                           std::span<const Incoming> in) {
  const PipeSignalBlocked blocked;
  check();
  try {
    run(call, out, in);
    forget();
  } catch (const Error& error) {
    end(error.code(), error.what());
    forget();
    check();
  } catch (...) {  // no memory: the call's buffers go
    end(Errc::comm_failed, "[comm] a call of this rank failed");
    forget();
    throw;
  }
}

void NetworkLink::abort(const std::string& reason) noexcept {
  end(Errc::cancelled,
      fmt::format("[comm] rank {} of {} ended: {}", member_.rank, member_.size, reason));
}

void NetworkLink::check() const {
  const std::scoped_lock lock(mutex_);
  failure_.check();
}

void NetworkLink::end(Errc code, const std::string& text) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (!failure_.set(code, text)) return;
  }
  close();
}

}  // namespace arno::ops::detail
