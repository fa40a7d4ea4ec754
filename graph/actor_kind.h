// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <typeindex>
#include <vector>

#include "common/config.h"
#include "florence/training/training_config.h"
#include "graph/commit.h"
#include "graph/item_codec.h"
#include "graph/job_observer.h"
#include "graph/stage.h"
#include "monitoring/metrics.h"
#include "monitoring/trace.h"
#include "ops/comm/group_maker.h"

namespace arno::graph {

/// An input or output of an actor.
struct Port {
  std::string name;
  std::type_index type = typeid(void);
  std::string type_name;  ///< shown in plans and errors
  std::string doc;
  bool required = true;
  /// An input that closes a cycle: it does not keep the actor alive at the end of the stream, and
  /// a cycle must pass through one.
  bool back_edge = false;
  /// The replicas of this actor are not interchangeable: they get an item of one sender all, and
  /// of as many senders each those of the sender of its own number.
  bool by_replica = false;
};

/// What a stage is told of its job.
struct StageContext {
  std::string actor;  ///< name in the graph
  int64_t replica = 0;
  int64_t replicas = 1;
  uint64_t seed = 0;             ///< of the job
  std::filesystem::path output;  ///< folder of the job
  Commit from;  ///< where the training goes on; only kinds that keep state are given the tensors
  florence::TrainingConfig training;
  monitoring::MetricRegistry* metrics = nullptr;
  JobObserver* observer = nullptr;
  monitoring::Trace* trace = nullptr;                 ///< where calls into stages are written down
  std::shared_ptr<ops::GroupMaker> groups = nullptr;  ///< how replicas find each other
};

/// Where an actor runs.
enum class Scheduling {
  pooled,    ///< shares the job's worker threads
  detached,  ///< has a thread of its own: it blocks on files, or computes for long
};

/// Reads a kind's options, keeps them, prints them and makes stages from them.
class ActorOptions {
 public:
  virtual ~ActorOptions() = default;
  /// The options as YAML with every default filled in.
  virtual std::string to_yaml(int indent) const = 0;
  /// Problems that need the job or the file system to find (missing files, say).
  virtual void check(const StageContext&, const RawConfig& where, ConfigProblems&) const = 0;
  virtual std::unique_ptr<Stage> make_stage(const StageContext&) const = 0;
  /// These options and what `patch` adds to them while the actor runs; most kinds allow nothing.
  virtual std::shared_ptr<const ActorOptions> extended(const RawConfig& patch,
                                                       ConfigProblems& problems) const;
  /// These options without a part that leaves while the actor runs (a source of a reader); most
  /// kinds have none. `where` is what asks for it.
  virtual std::shared_ptr<const ActorOptions> without(const std::string& part,
                                                      const RawConfig& where,
                                                      ConfigProblems& problems) const;
  /// Of a kind that keeps state: whether that is spread over actors or replicas, so that none of
  /// them can tell of all of it (Stage::committed()).
  virtual bool spreads_state() const { return false; }

  /// The kind's options struct; null when it is not an `Options`.
  template <class Options>
  const Options* as() const {
    return static_cast<const Options*>(struct_of(typeid(Options)));
  }

 private:
  virtual const void* struct_of(std::type_index) const { return nullptr; }
};

/// The declaration of a kind of actor: docs, checks and the factory come from it.
struct ActorKind {
  std::string name;
  std::string doc;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<monitoring::MetricDef> metrics{};  ///< of its own, besides those of every actor
  Scheduling scheduling = Scheduling::pooled;
  bool replicable = false;   ///< may have `replicas` > 1
  bool restartable = false;  ///< keeps nothing between items, so a fresh stage can go on
  /// May run on another node: it needs nothing of the launcher's process.
  bool placeable = false;
  /// What it holds cannot be made again by sending items again (weights, a place in a group): when
  /// its node is lost, or its group breaks (comm_failed), the whole graph goes back to the last
  /// commit (Stage::committed()).
  bool keeps_state = false;
  bool skippable = false;  ///< has an on_skip() that accounts for an item
  std::string example;     ///< YAML of the options
  std::function<std::unique_ptr<ActorOptions>(const RawConfig&, ConfigProblems&)> read_options;
  std::function<std::string()> options_doc;  ///< Markdown table
};

template <class T>
Port port(std::string name, std::string type_name, std::string doc) {
  return {.name = std::move(name),
          .type = typeid(T),
          .type_name = std::move(type_name),
          .doc = std::move(doc)};
}
template <class T>
Port optional_port(std::string name, std::string type_name, std::string doc) {
  Port out = port<T>(std::move(name), std::move(type_name), std::move(doc));
  out.required = false;
  return out;
}
template <class T>
Port back_edge(std::string name, std::string type_name, std::string doc) {
  Port out = port<T>(std::move(name), std::move(type_name), std::move(doc));
  out.back_edge = true;
  return out;
}

/// The same port, whose replicas are told apart.
inline Port by_replica(Port port) {
  port.by_replica = true;
  return port;
}

/// Options that a running actor can add to: `extend()` reads what a patch adds.
template <class Options>
concept Extendable = requires(Options options, const RawConfig& patch, ConfigProblems& problems) {
  options.extend(patch, problems);
};

/// Options with parts that can leave a running actor: `retire()` says so of one.
template <class Options>
concept Retirable = requires(Options options, const std::string& part, const RawConfig& where,
                             ConfigProblems& problems) {
  options.retire(part, where, problems);
};

/// Options by which the state may be spread: `spreads_state()` says so.
template <class Options>
concept Spreading = requires(const Options options) {
  options.spreads_state();
};

/// ActorOptions over a config struct `Options` (with `fields()` and
/// `void check(const StageContext&, const RawConfig&, ConfigProblems&) const`) and a stage that is
/// made from (Options, StageContext).
template <class Options, class StageClass>
class OptionsFor final : public ActorOptions {
 public:
  explicit OptionsFor(Options options) : options_(std::move(options)) {}
  std::string to_yaml(int indent) const override { return arno::to_yaml(options_, indent); }
  void check(const StageContext& context, const RawConfig& where,
             ConfigProblems& problems) const override {
    options_.check(context, where, problems);
  }
  std::unique_ptr<Stage> make_stage(const StageContext& context) const override {
    return std::make_unique<StageClass>(options_, context);
  }
  std::shared_ptr<const ActorOptions> extended(const RawConfig& patch,
                                               ConfigProblems& problems) const override {
    if constexpr (Extendable<Options>) {
      Options options = options_;
      options.extend(patch, problems);
      return std::make_shared<OptionsFor>(std::move(options));
    } else {
      return ActorOptions::extended(patch, problems);
    }
  }
  std::shared_ptr<const ActorOptions> without(const std::string& part, const RawConfig& where,
                                              ConfigProblems& problems) const override {
    if constexpr (Retirable<Options>) {
      Options options = options_;
      options.retire(part, where, problems);
      return std::make_shared<OptionsFor>(std::move(options));
    } else {
      return ActorOptions::without(part, where, problems);
    }
  }

  bool spreads_state() const override {
    if constexpr (Spreading<Options>) return options_.spreads_state();
    return false;
  }

 private:
  const void* struct_of(std::type_index type) const override {
    return type == typeid(Options) ? &options_ : nullptr;
  }

  Options options_;
};

/// Fills read_options and options_doc of a kind.
template <class Options, class StageClass>
ActorKind with_options(ActorKind kind) {
  kind.read_options = [](const RawConfig& raw, ConfigProblems& problems) {
    Options options;
    raw.read(options, problems);
    return std::make_unique<OptionsFor<Options, StageClass>>(std::move(options));
  };
  kind.options_doc = [] { return to_markdown<Options>(); };
  return kind;
}

struct Plan;

/// A check of a whole plan, for what no kind can see alone: what actors that are joined by edges
/// have to agree on. Appends problems of `file`, the job file that was planned.
using PlanCheck = std::function<void(const Plan&, const RawConfig& file, ConfigProblems&)>;

/// The kinds a graph may name, and what plans of them have to fulfil. An object, passed in; no
/// global.
class Registry {
 public:
  /// Throws invalid_argument for a name that is taken.
  void add(ActorKind kind);
  /// Null when unknown.
  const ActorKind* find(const std::string& name) const;
  std::vector<std::string> names() const;

  /// How a type of items crosses between processes. Throws invalid_argument for a type or a name
  /// that has a codec.
  void add_codec(ItemCodec codec);
  /// Null when there is none.
  const ItemCodec* find_codec(std::type_index type) const;
  const ItemCodec* find_codec(const std::string& name) const;

  void add_check(PlanCheck check) { checks_.push_back(std::move(check)); }
  const std::vector<PlanCheck>& checks() const { return checks_; }

 private:
  std::vector<ActorKind> kinds_;
  std::vector<ItemCodec> codecs_;
  std::vector<PlanCheck> checks_;
};

}  // namespace arno::graph
