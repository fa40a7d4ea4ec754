// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "actors/items.h"
#include "actors/shard_reader/quarantine.h"
#include "actors/shard_reader/sample_order.h"
#include "actors/shard_reader/sample_source.h"
#include "actors/shard_reader/shard_reader_options.h"
#include "graph/actor_kind.h"

namespace arno::actors {

/// Reads the samples of the slots, in order, from weighted sources. What a slot holds is a function
/// of (seed, slot): a resumed job starts at any slot at no cost. A sample that cannot be used, here
/// or at a decoder, is replaced in its slot by a draw that depends on (seed, slot, attempt), and
/// written to `<run>/quarantine.jsonl`. A sample that its producer has not sent yet is waited for.
class ShardReader final : public graph::Stage {
 public:
  enum Input { kRejects, kDelivered };
  enum Output { kSamples };

  ShardReader(const ShardReaderOptions& options, const graph::StageContext& context);

  void on_item(int port, const graph::Payload& item, graph::Outbox& out) override;
  graph::Produced produce(graph::Outbox& out) override;
  /// What a producer would have to bring first is given up: it stays for a resumed run.
  void on_drain() override;
  /// Every slot that the batcher has not got may be lost: all are read again.
  void on_redeliver() override {
    again_ = delivered_;
    again_end_ = next_slot_;
    owed_.clear();
  }
  void set_wake(std::function<void()> wake) override;
  /// Sources that join or leave: those without a step from the first one on that is not being read
  /// yet.
  std::shared_ptr<const graph::ActorOptions> adopt(
      std::shared_ptr<const graph::ActorOptions> options) override;

 private:
  /// A slot that waits for its producer.
  struct Owed {
    uint64_t slot = 0;
    uint32_t attempt = 0;
  };
  std::shared_ptr<SampleSource> open(const SourceOptions& source) const;
  SampleOrder order_of(const std::vector<SourceOptions>& options,
                       const std::vector<std::shared_ptr<SampleSource>>& sources) const;
  void show_new_sources();
  void show_leaving(const std::vector<SourceOptions>& before) const;
  /// Emits the sample of a slot, from the given attempt on. False when that, or a replacement of
  /// it, has yet to come: then it says which.
  bool emit_or_replace(Owed& owed, graph::Outbox& out);
  void replace(Owed owed, graph::Outbox& out);
  void owe(const Owed& owed);
  bool emit_owed(graph::Outbox& out);
  /// Emits the next slot; false when it has yet to come.
  bool emit_in_order(uint64_t slot, graph::Outbox& out);
  static void emit(const SampleId& id, io::RawSample sample, graph::Outbox& out);
  void show_wait(const SlotContent& content, bool has_come);
  void show_epoch(uint32_t source, uint64_t epoch);
  void tell_of_bad(const std::string& source, const std::string& cause, const std::string& detail);
  void account_bad(const SampleId& id, const std::string& cause, const std::string& detail);

  ShardReaderOptions options_;
  graph::StageContext context_;
  std::vector<std::shared_ptr<SampleSource>> sources_;
  SampleOrder order_;
  Quarantine quarantine_;
  std::function<void()> wake_;
  struct SourceState {
    std::optional<uint64_t> epoch;  ///< of the last sample
    std::string waits;              ///< what was last shown to be waited for
    monitoring::Gauge shown_epoch;
  };
  std::vector<SourceState> states_;  ///< by source
  uint64_t next_slot_ = 0;
  uint64_t delivered_ = 0;  ///< every slot below is at the batcher
  uint64_t end_slot_ = 0;
  uint64_t again_ = 0;  ///< next slot to read again, below again_end_
  uint64_t again_end_ = 0;
  std::deque<Owed> owed_;  ///< replacements that their producers have to bring
  bool draining_ = false;
  int64_t read_ = 0;
  int64_t bad_ = 0;
};

/// A source: samples leave in slot order; rejects and delivery come back on back edges.
graph::ActorKind shard_reader_kind();

}  // namespace arno::actors
