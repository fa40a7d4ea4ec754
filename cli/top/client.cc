// SPDX-License-Identifier: Apache-2.0
#include "cli/top/client.h"

#include <algorithm>

#include "cli/run_folder.h"
#include "cli/top/text.h"
#include "common/error.h"
#include "monitoring/http_server.h"

namespace arno::cli::top {
namespace {

constexpr size_t kMaxEvents = 500;

std::string get(const std::string& address, const std::string& path) {
  const monitoring::HttpReply reply = monitoring::http_get(address, path);
  ARNO_CHECK(reply.status == 200, Errc::data_corrupt, "found status {} for {}, expected 200",
             reply.status, path);
  return reply.body;
}

}  // namespace

Client::Client(std::string job) : job_(std::move(job)) {}

void Client::add_new_events(const std::string& address) {
  const int64_t last = last_.events.empty() ? 0 : last_.events.back().id;
  for (Event& event : parse_events(get(address, fmt::format("/api/events?after={}", last)))) {
    if (event.id > last) last_.events.push_back(std::move(event));
  }
  const size_t extra = last_.events.size() - std::min(last_.events.size(), kMaxEvents);
  last_.events.erase(last_.events.begin(),
                     last_.events.begin() + static_cast<std::ptrdiff_t>(extra));
}

Snapshot Client::fetch() {
  std::string where;
  try {
    where = address_of(job_, kAddressFile);
    State state = parse_state(get(where, "/api/state"));
    // Events of a job that was started anew count from 1 again.
    if (state.started_at != last_.state.started_at) last_.events.clear();
    last_.state = std::move(state);
    add_new_events(where);
    return last_;
  } catch (const Error& error) {
    const std::string why =
        error.code() == Errc::comm_failed
            ? fmt::format("the job has ended or cannot be reached: no answer from {}", where)
            : error.what();
    fail(error.code(), "{}: {}", printable(job_), printable(why));
  }
}

}  // namespace arno::cli::top
