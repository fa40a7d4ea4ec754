// SPDX-License-Identifier: Apache-2.0
#include "io/zeromq/detail/key_guard.h"

namespace arno::io::detail {
namespace {

constexpr size_t kRequestParts = 7;
constexpr std::string_view kVersion = "1.0";

std::string raw_key(const std::string& z85) {
  std::string out(JobKey::kBytes, '\0');
  if (!zmq_z85_decode(reinterpret_cast<uint8_t*>(out.data()), z85.c_str())) {
    fail_zmq("reading a key");
  }
  return out;
}

}  // namespace

KeyGuard::KeyGuard(const ZmqContext& context, const JobKey& key)
    : requests_(context, ZMQ_REP), allowed_(raw_key(key.connector_keys().public_key)) {
  requests_.set(ZMQ_LINGER, 0);
  requests_.bind("inproc://zeromq.zap.01");
}

void KeyGuard::answer() {
  while (const auto request = receive(requests_, kRequestParts + 1)) {
    const bool welcome = is_welcome(request->parts);
    const SharedBytes id = request->parts.size() > 1 ? request->parts[1] : SharedBytes();
    send(requests_, {part_of(kVersion), id, part_of(welcome ? "200" : "400"),
                     part_of(welcome ? "OK" : "no key of this job"), part_of(""), part_of("")});
  }
}

bool KeyGuard::is_welcome(const std::vector<SharedBytes>& request) const {
  // Version, request, domain, address, identity, mechanism, credentials.
  return request.size() == kRequestParts && text_of(request[0]) == kVersion &&
         text_of(request[5]) == "CURVE" && text_of(request[6]) == allowed_;
}

void use_listener_keys(ZmqSocket& socket, const JobKey& key) {
  socket.set(ZMQ_CURVE_SERVER, 1);
  socket.set(ZMQ_CURVE_SECRETKEY, key.listener_keys().secret_key);
  socket.set(ZMQ_ZAP_DOMAIN, std::string("arno"));
}

void use_connector_keys(ZmqSocket& socket, const JobKey& key) {
  const CurveKeys own = key.connector_keys();
  socket.set(ZMQ_CURVE_SERVERKEY, key.listener_keys().public_key);
  socket.set(ZMQ_CURVE_PUBLICKEY, own.public_key);
  socket.set(ZMQ_CURVE_SECRETKEY, own.secret_key);
}

}  // namespace arno::io::detail
