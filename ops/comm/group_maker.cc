// SPDX-License-Identifier: Apache-2.0
#include "ops/comm/group_maker.h"

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "ops/comm/gloo.h"
#include "ops/comm/local_group.h"

namespace arno::ops {
namespace {

class LocalGroups final : public GroupMaker {
 public:
  std::shared_ptr<Communicator> join(const std::string& group, int64_t rank, int64_t size,
                                     CommOptions options) override {
    const std::scoped_lock lock(mutex_);
    const auto [found, fresh] = waiting_.try_emplace(group);
    std::vector<std::shared_ptr<Communicator>>& members = found->second;
    if (fresh) members = local_group(size, options);
    ARNO_CHECK(
        static_cast<int64_t>(members.size()) == size && rank >= 0 && rank < size && members[rank],
        Errc::invalid_argument,
        "[local_groups] rank {} of {} cannot join \"{}\": it has {} members, or that one has "
        "joined",
        rank, size, group, members.size());
    // Kept nowhere else: a member that goes ends the group.
    return std::move(members[rank]);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::shared_ptr<Communicator>>> waiting_;
};

class TcpGroups final : public GroupMaker {
 public:
  /// `form`: makes a member.
  using Form = std::function<std::shared_ptr<Communicator>(Store& store, const TcpMember& member)>;
  TcpGroups(std::shared_ptr<Store> store, std::string address, Form form)
      : store_(std::move(store)), address_(std::move(address)), form_(std::move(form)) {}

  std::shared_ptr<Communicator> join(const std::string& group, int64_t rank, int64_t size,
                                     CommOptions options) override {
    return form_(
        *store_,
        {.rank = rank, .size = size, .address = address_, .prefix = group + "/", .comm = options});
  }

 private:
  std::shared_ptr<Store> store_;
  std::string address_;
  Form form_;
};

}  // namespace

std::shared_ptr<Communicator> AbortableGroups::join(const std::string& group, int64_t rank,
                                                    int64_t size, CommOptions options) {
  check();
  std::shared_ptr<Communicator> member = maker_->join(prefix_ + group, rank, size, options);
  const std::scoped_lock lock(mutex_);
  if (!ended_.empty()) member->abort(ended_);
  members_.push_back(member);
  return member;
}

void AbortableGroups::check() const {
  const std::scoped_lock lock(mutex_);
  ARNO_CHECK(ended_.empty(), Errc::cancelled, "[groups] none is formed any more: {}", ended_);
}

void AbortableGroups::abort(const std::string& reason) noexcept {
  const std::scoped_lock lock(mutex_);
  if (!ended_.empty()) return;
  ended_ = reason;
  for (const auto& weak : members_) {
    if (const auto member = weak.lock()) member->abort(reason);
  }
}

std::shared_ptr<GroupMaker> local_groups() { return std::make_shared<LocalGroups>(); }

std::shared_ptr<GroupMaker> gloo_groups(std::shared_ptr<Store> store, std::string address) {
  return std::make_shared<TcpGroups>(std::move(store), std::move(address), gloo_communicator);
}

std::shared_ptr<GroupMaker> tls_groups(std::shared_ptr<Store> store, std::string address,
                                       TlsFiles files) {
  return std::make_shared<TcpGroups>(
      std::move(store), std::move(address),
      [files = std::move(files)](Store& with, const TcpMember& member) {
        return tls_communicator(with, member, files);
      });
}

}  // namespace arno::ops
