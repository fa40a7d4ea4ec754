// SPDX-License-Identifier: Apache-2.0
#include <prometheus/exposer.h>

#include <charconv>

#include "common/error.h"
#include "monitoring/detail/registry_impl.h"
#include "monitoring/metrics.h"

namespace arno::monitoring {
namespace {

void check_address(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  int port = -1;
  // The server takes a list with options; here it is one address.
  const bool one = listen.find_first_of(", +") == std::string::npos;
  if (one && colon != std::string::npos && colon > 0) {
    const char* end = listen.data() + listen.size();
    const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
    if (parsed.ptr != end) port = -1;
  }
  ARNO_CHECK(port >= 0 && port <= 65535, Errc::invalid_argument,
             "[exporter] found address \"{}\", expected host:port, such as 127.0.0.1:9464", listen);
}

}  // namespace

struct Exporter::Impl {
  std::unique_ptr<prometheus::Exposer> exposer;
};

Exporter::Exporter(const MetricRegistry& registry, const std::string& listen)
    : impl_(std::make_unique<Impl>()) {
  check_address(listen);
  try {
    impl_->exposer = std::make_unique<prometheus::Exposer>(listen, 1);
  } catch (const std::exception& error) {
    fail(Errc::io_failed, "[exporter] cannot listen on {}, it may be taken: {}", listen,
         error.what());
  }
  impl_->exposer->RegisterCollectable(registry.impl().registry);
}

Exporter::~Exporter() = default;

int Exporter::port() const { return impl_->exposer->GetListeningPorts().front(); }

}  // namespace arno::monitoring
