// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "tests/graph/toy_kinds.h"

// What toy stages have in common.
namespace arno::graph {

/// The options of every toy kind.
struct ToySettings {
  int64_t count = 10;
  int64_t size = 1;
  int64_t window = 2;
  int64_t fail_on = -1;
  std::string failure = "error";
  bool skippable = true;
  bool spread = false;

  void fields(ConfigFields& f) {
    f.integer("count", count, {.doc = "items", .min = 0});
    f.integer("size", size, {.doc = "bytes of an item", .min = 0});
    f.integer("window", window, {.doc = "items that may be away", .min = 1});
    f.integer("fail_on", fail_on, {.doc = "value to fail on"});
    f.text("failure", failure, {.doc = "how", .one_of = {"error", "exception", "make", "end"}});
    f.boolean("skippable", skippable, {.doc = "whether it can skip"});
    f.boolean("spread", spread, {.doc = "whether nobody has its whole state"});
  }
};

/// What every toy stage knows.
class ToyStage : public Stage {
 public:
  ToyStage(ToySettings settings, StageContext context, Ledger& ledger)
      : settings_(std::move(settings)), context_(std::move(context)), ledger_(ledger) {}
  void on_item(int, const Payload&, Outbox&) override {}

 protected:
  int64_t size_of(int64_t value) const { return settings_.size * (1 + value % 2); }

  ToySettings settings_;
  StageContext context_;
  Ledger& ledger_;
};

class ToyOptions final : public ActorOptions {
 public:
  using Maker = std::function<std::unique_ptr<Stage>(ToySettings, StageContext)>;
  ToyOptions(ToySettings settings, Maker maker)
      : settings_(std::move(settings)), maker_(std::move(maker)) {}
  std::string to_yaml(int indent) const override { return arno::to_yaml(settings_, indent); }
  void check(const StageContext&, const RawConfig& where, ConfigProblems& problems) const override {
    if (settings_.count == 13) problems.push_back(where.problem("13 brings bad luck", "count"));
  }
  std::unique_ptr<Stage> make_stage(const StageContext& context) const override {
    return maker_(settings_, context);
  }
  bool spreads_state() const override { return settings_.spread; }

 private:
  ToySettings settings_;
  Maker maker_;
};

/// Registers a kind whose stage is made from (ToySettings, StageContext, Ledger&).
template <class StageClass>
void add_toy(Registry& registry, Ledger& ledger, ActorKind kind) {
  kind.read_options = [&ledger](const RawConfig& raw, ConfigProblems& problems) {
    ToySettings settings;
    raw.read(settings, problems);
    return std::make_unique<ToyOptions>(
        settings, [&ledger](ToySettings of, StageContext context) -> std::unique_ptr<Stage> {
          return std::make_unique<StageClass>(std::move(of), std::move(context), ledger);
        });
  };
  registry.add(std::move(kind));
}

}  // namespace arno::graph
