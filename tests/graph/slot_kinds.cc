// SPDX-License-Identifier: Apache-2.0
#include "tests/graph/slot_kinds.h"

#include <algorithm>
#include <set>

#include "tests/graph/toy_stage.h"

namespace arno::graph {
namespace {

struct Slot {
  int64_t number = 0;
  int attempt = 0;
};

Payload payload_of(Slot slot) { return Payload::of(slot, 1); }

class SlotsStage : public ToyStage {
 public:
  SlotsStage(ToySettings settings, StageContext context, Ledger& ledger)
      : ToyStage(std::move(settings), std::move(context), ledger),
        end_(settings_.count),
        next_(context_.from.step),
        delivered_(next_) {}

  void on_item(int port, const Payload& item, Outbox& out) override {
    if (port == 0) {
      delivered_ = std::max(delivered_, item.get<Number>().value);
      return;
    }
    const auto& rejected = item.get<Slot>();
    out.emit(0, payload_of({rejected.number, rejected.attempt + 1}));
  }
  Produced produce(Outbox& out) override {
    again_ = std::max(again_, delivered_);
    if (again_ < again_end_) {
      out.emit(0, payload_of({again_++}));
      return Produced::item;
    }
    if (next_ >= end_) return delivered_ >= next_ ? Produced::finished : Produced::waiting;
    if (next_ - delivered_ >= settings_.window) return Produced::waiting;
    ledger_.note("issued", next_);
    out.emit(0, payload_of({next_++}));
    return Produced::item;
  }
  void on_drain() override { end_ = next_; }
  void on_redeliver() override {
    again_ = delivered_;
    again_end_ = next_;
  }

 private:
  int64_t end_;
  int64_t next_;
  int64_t delivered_;
  int64_t again_ = 0;
  int64_t again_end_ = 0;
};

class PickyStage : public ToyStage {
 public:
  using ToyStage::ToyStage;
  void on_item(int, const Payload& item, Outbox& out) override {
    const auto& slot = item.get<Slot>();
    out.emit(slot.number % 7 == 3 && slot.attempt == 0 ? 1 : 0, item);
  }
};

class OrderStage : public ToyStage {
 public:
  OrderStage(ToySettings settings, StageContext context, Ledger& ledger)
      : ToyStage(std::move(settings), std::move(context), ledger), next_(context_.from.step) {}

  void on_item(int, const Payload& item, Outbox& out) override {
    const int64_t slot = item.get<Slot>().number;
    if (slot < next_ || !waiting_.insert(slot).second) {
      ledger_.note("repeated", slot);
      return;
    }
    const int64_t before = next_;
    for (; waiting_.erase(next_) > 0; ++next_) {
      ledger_.note(context_.actor, next_);
      out.emit(1, number(next_));
    }
    if (next_ != before) out.emit(0, number(next_));
  }

 private:
  int64_t next_;
  std::set<int64_t> waiting_;
};

/// Makes a step of each slot.
class LearnStage : public ToyStage {
 public:
  LearnStage(ToySettings settings, StageContext context, Ledger& ledger)
      : ToyStage(std::move(settings), std::move(context), ledger), step_(context_.from.step) {}

  void on_item(int, const Payload& item, Outbox& out) override {
    const int64_t slot = item.get<Number>().value;
    ARNO_CHECK(slot == step_, Errc::data_corrupt, "got slot {} for step {}", slot, step_);
    ++step_;
    if (context_.replica > 0) return;
    ledger_.note("steps", step_);
    if (step_ % settings_.window == 0) out.emit(0, number(step_));
  }
  void on_end(Outbox& out) override {
    if (context_.replica == 0) out.emit(0, number(step_));
  }
  std::shared_ptr<const florence::Snapshot> committed() const override {
    return std::make_shared<const florence::Snapshot>(florence::Snapshot{.step = step_});
  }

 private:
  int64_t step_;
};

}  // namespace

void add_slot_kinds(Registry& registry, Ledger& ledger) {
  // Planning asks only whether there are any: in a simulation nothing leaves the process.
  registry.add_codec({.name = "Slot", .type = typeid(Slot)});
  registry.add_codec({.name = "Number", .type = typeid(Number)});
  const Port in = port<Slot>("in", "Slot", "");
  const Port out = port<Slot>("out", "Slot", "");
  add_toy<SlotsStage>(registry, ledger,
                      {.name = "slots",
                       .inputs = {back_edge<Number>("delivered", "Number", ""),
                                  back_edge<Slot>("rejects", "Slot", "")},
                       .outputs = {out}});
  add_toy<PickyStage>(registry, ledger,
                      {.name = "picky",
                       .inputs = {in},
                       .outputs = {out, optional_port<Slot>("rejects", "Slot", "")},
                       .replicable = true,
                       .restartable = true,
                       .placeable = true});
  add_toy<OrderStage>(registry, ledger,
                      {.name = "order",
                       .inputs = {in},
                       .outputs = {port<Number>("delivered", "Number", ""),
                                   optional_port<Number>("out", "Number", "")}});
  add_toy<LearnStage>(registry, ledger,
                      {.name = "learn",
                       .inputs = {by_replica(port<Number>("in", "Number", ""))},
                       .outputs = {port<Number>("out", "Number", "")},
                       .replicable = true,
                       .placeable = true,
                       .keeps_state = true});
}

}  // namespace arno::graph
