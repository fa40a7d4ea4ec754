// SPDX-License-Identifier: Apache-2.0
#include "graph/shell_trace.h"

namespace arno::graph {
namespace {

// Shorter waits are gaps that nobody looks at, and would double the size of a trace.
constexpr std::chrono::microseconds kLeastWait{100};

int64_t value_of(int64_t number) {
  return number == ItemTag::kNone ? monitoring::TraceSpan::kNoValue : number;
}

}  // namespace

ShellTrace::ShellTrace(monitoring::Trace& trace, const std::string& name, const ActorKind& kind,
                       int64_t batch_size)
    : track_(&trace.add_track(name)), batch_size_(batch_size) {
  const auto call = [&](const std::string& what) {
    return track_->declare({.name = kind.name + "." + what, .keys = {"slot", "step"}});
  };
  for (const Port& port : kind.inputs) items_.push_back(call(port.name));
  calls_ = {{StageCall::produce, call("produce")},
            {StageCall::drain, call("drain")},
            {StageCall::end, call("end")},
            {StageCall::skip, call("skip")}};
  waits_ = {{Idle::starved, track_->declare({.name = "starved"})},
            {Idle::blocked, track_->declare({.name = "blocked"})},
            {Idle::failed, track_->declare({.name = "paused"})}};
}

void ShellTrace::call(const StageCall& call, Clock::time_point begin, Clock::time_point end) {
  write_wait();
  ItemTag tag = call.tag;
  if (tag.step == ItemTag::kNone && tag.slot != ItemTag::kNone) {
    tag.step = tag.slot / batch_size_ + 1;
  }
  track_->add({.kind = call.kind == StageCall::item ? items_[call.port] : calls_.at(call.kind),
               .begin = begin,
               .end = end,
               .values = {value_of(tag.slot), value_of(tag.step)}});
}

void ShellTrace::wait(Idle why, Clock::time_point begin, Clock::time_point end) {
  const auto kind = waits_.find(why);
  if (kind == waits_.end()) return;
  if (wait_ && wait_->kind == kind->second) {
    wait_->end = end;
    return;
  }
  write_wait();
  wait_ = {.kind = kind->second, .begin = begin, .end = end};
}

void ShellTrace::write_wait() {
  if (wait_ && wait_->end - wait_->begin >= kLeastWait) track_->add(*wait_);
  wait_.reset();
}

}  // namespace arno::graph
