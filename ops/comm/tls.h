// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ops/comm/communicator.h"
#include "ops/comm/store.h"
#include "ops/comm/tcp_member.h"

namespace arno::ops {

/// The files that let a member into its group, the same for all of them, in PEM.
struct TlsFiles {
  std::string certificate;  ///< that it signed itself: it is its own authority
  std::string private_key;
};

/// A member of a group over TCP whose connections are encrypted (TLS 1.3). Connects to every other
/// member, which does the same at the same time with an equal store. Both
/// ends of a connection show the certificate, and who cannot is refused; a stranger that connects
/// does not keep the group from being formed.
/// Throws comm_failed, naming the rank, when one does not come within the deadline or does not have
/// the key; config_invalid for files that are no certificate and its key.
///
/// Sums are those of local_group(), bit by bit.
std::shared_ptr<Communicator> tls_communicator(Store& store, const TcpMember& member,
                                               const TlsFiles& files);

}  // namespace arno::ops
