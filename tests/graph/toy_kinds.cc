// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/toy_kinds.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/graph/toy_stage.h"

namespace arno::graph {
namespace {

int64_t value_of(const Payload& item) { return item.get<Number>().value; }

class CountStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  Produced produce(Outbox& out) override {
    if (drained_ || next_ == settings_.count) return Produced::finished;
    const int64_t value = context_.replica * 1'000'000 + next_++;
    ledger_.note("issued", value);
    out.emit(0, number(value, size_of(value)));
    return Produced::item;
  }
  void on_drain() override { drained_ = true; }

 private:
  int64_t next_ = 0;
  bool drained_ = false;
};

class PassStage : public ToyStage {
 public:
  PassStage(ToySettings settings, StageContext context, Ledger& ledger)
      : ToyStage(std::move(settings), std::move(context), ledger) {
    ledger_.note("made", context_.replica);
    ARNO_CHECK(settings_.failure != "make" || ledger_.noted("made").size() < 2, Errc::io_failed,
               "cannot be made");
  }
  void on_item(int, const Payload& item, Outbox& out) override {
    ledger_.note("tried", value_of(item));
    out.emit(0, item);
    if (value_of(item) != settings_.fail_on || !ledger_.take_failure()) return;
    if (settings_.failure == "exception") throw std::logic_error("vector of length -1");
    fail(Errc::data_corrupt, "bad item {}", value_of(item));
  }
  void on_end(Outbox&) override {
    if (settings_.failure == "end" && ledger_.take_failure()) fail(Errc::io_failed, "bad end");
    ledger_.note("ends", context_.replica);
  }
  bool on_skip(const Payload& item, const std::string& cause, Outbox& out) override {
    if (!settings_.skippable) return false;
    ledger_.note("skipped: " + cause, value_of(item));
    out.emit(0, number(-value_of(item)));
    return true;
  }
};

/// Loses the others of its group.
class MemberStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int, const Payload& item, Outbox& out) override {
    if (value_of(item) == settings_.fail_on && ledger_.take_failure()) {
      fail(Errc::comm_failed, "rank 1 of 2 is gone");
    }
    out.emit(0, item);
    if (context_.observer) context_.observer->on_step({.step = value_of(item) + 1});
  }
};

class TwiceStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int, const Payload& item, Outbox& out) override {
    out.emit(0, item);
    out.emit(1, item);
  }
};

class JoinStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int port, const Payload& item, Outbox& out) override {
    ledger_.note(port == 0 ? "left" : "right", value_of(item));
    ahead_ += port == 0 ? 1 : -1;
    if (port == 0) held_ = item;
    if (port == 1 && ahead_ < 0) return;
    if (ahead_ == 0) out.emit(0, held_);
  }
  bool accepts(int port) const override { return port == 0 ? ahead_ < 1 : ahead_ > 0; }

 private:
  int ahead_ = 0;
  Payload held_;
};

class SinkStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int, const Payload& item, Outbox&) override {
    ledger_.note(context_.actor, value_of(item));
  }
  void on_end(Outbox&) override { ledger_.note("ended", context_.replica); }
};

class PingStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int, const Payload& item, Outbox&) override {
    ledger_.note("back", value_of(item));
    --away_;
  }
  Produced produce(Outbox& out) override {
    if (drained_ || next_ == settings_.count) return Produced::finished;
    if (away_ == settings_.window) return Produced::waiting;
    ++away_;
    ledger_.note("issued", next_);
    out.emit(0, number(next_++));
    return Produced::item;
  }
  bool has_pending_work() const override { return away_ > 0; }
  void on_drain() override { drained_ = true; }

 private:
  int64_t next_ = 0;
  int64_t away_ = 0;
  bool drained_ = false;
};

class ShardStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int port, const Payload& item, Outbox& out) override {
    if (port == 1) {
      ledger_.note("back", value_of(item));
      away_ = false;
      return;
    }
    away_ = true;
    out.emit(0, item);
  }
  bool accepts(int port) const override { return port == 1 || !away_; }
  bool has_pending_work() const override { return away_; }

 private:
  bool away_ = false;
};

/// Notes how many items it works on whenever it takes one.
class HoldStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int port, const Payload& item, Outbox& out) override {
    held_ += port == 0 ? 1 : -1;
    if (port == 0) ledger_.note(context_.actor, held_);
    largest_ = std::max(largest_, static_cast<int64_t>(item.size_bytes()));
    out.emit(port, item);
  }
  int64_t holds(int port) const override { return port == 0 ? held_ : 0; }
  std::optional<Room> room_for(int port) const override {
    return port == 0 ? std::optional(Room{0, largest_}) : std::nullopt;
  }
  bool has_pending_work() const override { return held_ > 0; }

 private:
  int64_t held_ = 0;
  int64_t largest_ = 0;
};

/// Returns each item, and one more at the end, which nobody waits for.
class PongStage : public TwiceStage {
 public:
  using TwiceStage::TwiceStage;
  void on_end(Outbox& out) override { out.emit(0, number(-1)); }
};

Port number_port(const std::string& name) { return port<Number>(name, "Number", ""); }

}  // namespace

Payload number(int64_t value, int64_t size_bytes) {
  return Payload::of(Number{value}, static_cast<size_t>(size_bytes));
}

void Ledger::note(const std::string& where, int64_t value) {
  const std::lock_guard lock(mutex_);
  notes_[where].push_back(value);
  noted_.notify_all();
}

void Ledger::wait_for(const std::string& where, size_t count) const {
  std::unique_lock lock(mutex_);
  noted_.wait(lock, [&] {
    const auto found = notes_.find(where);
    return found != notes_.end() && found->second.size() >= count;
  });
}

std::vector<int64_t> Ledger::noted(const std::string& where) const {
  const std::lock_guard lock(mutex_);
  const auto found = notes_.find(where);
  return found == notes_.end() ? std::vector<int64_t>() : found->second;
}

std::vector<int64_t> Ledger::sorted(const std::string& where) const {
  std::vector<int64_t> out = noted(where);
  std::ranges::sort(out);
  return out;
}

bool Ledger::take_failure() {
  const std::lock_guard lock(mutex_);
  if (failures_ == 0) return false;
  --failures_;
  return true;
}

void Ledger::set_failures(int count) {
  const std::lock_guard lock(mutex_);
  failures_ = count;
}

Registry toy_registry(Ledger& ledger, Scheduling sinks) {
  Registry out;
  const Port back = back_edge<Number>("back", "Number", "");
  Port optional_back = optional_port<Number>("also", "Number", "");
  add_toy<CountStage>(out, ledger,
                      {.name = "count", .outputs = {number_port("out")}, .replicable = true});
  add_toy<PassStage>(out, ledger,
                     {.name = "pass",
                      .inputs = {number_port("in")},
                      .outputs = {number_port("out")},
                      .replicable = true,
                      .restartable = true,
                      .skippable = true});
  add_toy<MemberStage>(out, ledger,
                       {.name = "member",
                        .inputs = {number_port("in")},
                        .outputs = {number_port("out")},
                        .replicable = true,
                        .keeps_state = true});
  add_toy<TwiceStage>(out, ledger,
                      {.name = "twice",
                       .inputs = {number_port("in")},
                       .outputs = {number_port("a"), number_port("b")}});
  add_toy<JoinStage>(out, ledger,
                     {.name = "join",
                      .inputs = {number_port("left"), number_port("right")},
                      .outputs = {number_port("out")}});
  add_toy<SinkStage>(
      out, ledger,
      {.name = "sink", .inputs = {number_port("in")}, .scheduling = sinks, .replicable = true});
  add_toy<PingStage>(out, ledger,
                     {.name = "ping", .inputs = {back}, .outputs = {number_port("out")}});
  add_toy<PongStage>(out, ledger,
                     {.name = "pong",
                      .inputs = {number_port("in")},
                      .outputs = {number_port("back"), optional_back}});
  add_toy<ShardStage>(
      out, ledger,
      {.name = "shard", .inputs = {number_port("in"), back}, .outputs = {number_port("out")}});
  add_toy<HoldStage>(
      out, ledger,
      {.name = "hold",
       .inputs = {number_port("in"), back},
       .outputs = {number_port("out"), optional_port<Number>("returned", "Number", "")}});
  add_toy<ToyStage>(
      out, ledger,
      {.name = "hole", .inputs = {number_port("in")}, .outputs = {number_port("back")}});
  add_toy<ToyStage>(out, ledger, {.name = "word", .outputs = {port<Word>("out", "Word", "")}});
  return out;
}

Plan plan_of(const std::string& yaml, const Registry& registry) {
  ConfigProblems problems;
  Plan plan = make_plan(RawConfig::from_text(yaml, "job.yaml"), registry, problems);
  for (const ConfigProblem& problem : problems) ADD_FAILURE() << problem.to_string();
  return plan;
}

std::string problems_of(const std::string& yaml, const Registry& registry) {
  ConfigProblems problems;
  make_plan(RawConfig::from_text(yaml, "job.yaml"), registry, problems);
  std::string out;
  for (const ConfigProblem& problem : problems) out += problem.to_string() + "\n";
  return out;
}

}  // namespace arno::graph
