// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "actors/shard_reader/producer_items.h"
#include "actors/shard_reader/sample_source.h"
#include "actors/shard_reader/source_options.h"
#include "io/zeromq/payload_link.h"

namespace arno::actors {

inline constexpr monitoring::MetricDef kProducerConnected{
    monitoring::MetricType::gauge,
    "arno_producer_connected",
    "1 while a producer feeds the source, else 0.",
    {"source"}};
inline constexpr monitoring::MetricDef kProducerAhead{
    monitoring::MetricType::gauge,
    "arno_producer_ahead_samples",
    "Samples of a producer that wait for their turn.",
    {"source"}};
inline constexpr monitoring::MetricDef kProducerSamples{monitoring::MetricType::counter,
                                                        "arno_producer_samples_total",
                                                        "Samples that a producer has sent.",
                                                        {"source"}};

/// A source that another program feeds over ZeroMQ (docs/frames.md). Samples have numbers; the
/// producer is asked for them by ranges, a bounded number ahead, and may go and come back at any
/// time: what it was asked for and has not sent it is asked for again. A producer that says it has
/// N samples is asked for them anew, from the first one on.
class ProducerSource final : public SampleSource {
 public:
  /// `tell` is told of what happens, from any thread. Listens; throws comm_failed when it cannot.
  ProducerSource(std::string name, const ProducerOptions& options, SourceWatch watch);

  ReadResult read(uint64_t index, uint32_t attempt) override;
  void set_wake(std::function<void()> wake) override;
  std::string obstacle() const override;
  std::string describe() const override;

 private:
  /// What is wrong with a message, as what the producer did; "" for nothing.
  using Problem = std::string;

  void on_message(const std::string& peer, const io::Message& message);
  Problem take_in(const io::Message& message);
  Problem take_sample(const io::Message& message);
  Problem take_end(uint64_t samples);
  void on_peer(const io::PeerEvent& event);
  void ask_ahead();
  void ask(const SampleRequest& request);
  uint64_t wrapped(uint64_t index) const { return samples_ ? index % *samples_ : index; }
  bool is_coming(const ProducedId& id) const { return held_.contains(id) || asked_.contains(id); }
  /// Lets the reader look again.
  void wake();

  const std::string name_;
  const ProducerOptions options_;
  const SourceWatch watch_;
  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::string peer_;                           ///< its name while a producer is connected
  std::map<ProducedId, ProducedSample> held_;  ///< that wait for their turn
  std::set<ProducedId> asked_;                 ///< that the connected producer has yet to send
  std::set<ProducedId> replacements_;          ///< that have to come, besides those ahead
  std::optional<uint64_t> next_;        ///< the sample whose turn is next; known once one is read
  std::optional<uint64_t> samples_;     ///< that the producer says it has
  std::optional<std::string> failure_;  ///< why there is nothing to wait for
  bool waited_for_ = false;             ///< the reader stands until something comes
  uint64_t requests_ = 0;               ///< that the connected producer was sent
  monitoring::Gauge connected_, ahead_;
  monitoring::Counter received_;
  std::optional<io::PayloadLink> link_;  ///< its thread uses the rest: it goes first
};

}  // namespace arno::actors
