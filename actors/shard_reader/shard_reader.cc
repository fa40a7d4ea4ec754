// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/shard_reader.h"

#include <algorithm>
#include <bit>

#include "actors/shard_reader/producer_source.h"
#include "common/log.h"

namespace arno::actors {
namespace {

// Child of the job's seed.
constexpr uint64_t kSampleKey = 5;
// A run of bad replacements this long means that the source is of no use.
constexpr uint32_t kMaxAttempts = 100;
using monitoring::MetricDef;
using monitoring::MetricType;

constexpr MetricDef kEpoch{
    MetricType::gauge, "arno_source_epoch", "Epoch of a data source.", {"source"}};
constexpr MetricDef kBadSamples{MetricType::counter,
                                "arno_bad_samples_total",
                                "Samples that could not be used, by cause.",
                                {"source", "cause"}};
// The share of bad samples is judged from this many on.
constexpr int64_t kEnoughToJudge = 200;

}  // namespace

ShardReader::ShardReader(const ShardReaderOptions& options, const graph::StageContext& context)
    : options_(options),
      context_(context),
      sources_([&] {
        std::vector<std::shared_ptr<SampleSource>> out;
        for (const SourceOptions& source : options.sources) out.push_back(open(source));
        return out;
      }()),
      order_(order_of(options.sources, sources_)),
      quarantine_(context.output),
      next_slot_(static_cast<uint64_t>(context.from.step * context.training.batch_size)),
      delivered_(next_slot_),
      end_slot_(
          static_cast<uint64_t>(context.training.total_steps() * context.training.batch_size)) {
  show_new_sources();
}

std::shared_ptr<SampleSource> ShardReader::open(const SourceOptions& source) const {
  if (source.producer && source.producer->is_open() && source.producer->key.empty()) {
    log::warn(context_.actor,
              "source {} listens at {} without a key: whoever reaches it can feed the training",
              source.name, source.producer->listen);
  }
  return open_source(
      source, {.tell =
                   [actor = context_.actor, observer = context_.observer](const std::string& kind,
                                                                          const std::string& text) {
                     log::write(kind == "fault" ? log::Level::warn : log::Level::info, actor, text);
                     if (observer) observer->on_event({kind, actor, text});
                   },
               .metrics = context_.metrics});
}

SampleOrder ShardReader::order_of(const std::vector<SourceOptions>& options,
                                  const std::vector<std::shared_ptr<SampleSource>>& sources) const {
  std::vector<OrderedSource> out;
  for (size_t i = 0; i < options.size(); ++i) {
    out.push_back({.samples = sources[i]->shards(),
                   .weight = options[i].weight,
                   .from_step = options[i].from_step,
                   .until_step = options[i].until_step,
                   .long_texts = options[i].producer && options[i].producer->long_texts});
  }
  return {std::move(out), context_.training, context_.seed};
}

void ShardReader::set_wake(std::function<void()> wake) {
  wake_ = std::move(wake);
  for (const auto& source : sources_) source->set_wake(wake_);
}

void ShardReader::show_new_sources() {
  for (size_t i = states_.size(); i < sources_.size(); ++i) {
    log::info(context_.actor, "source {}: {}", options_.sources[i].name, sources_[i]->describe());
    states_.push_back({});
    if (context_.observer && options_.sources[i].from_step > 0) {
      context_.observer->on_event(
          {.kind = "attach",
           .actor = context_.actor,
           .text = fmt::format("source {} gives samples from step {} on", options_.sources[i].name,
                               options_.sources[i].from_step)});
    }
    if (context_.metrics) {
      states_.back().shown_epoch =
          context_.metrics->gauge(kEpoch, {{"source", options_.sources[i].name}});
    }
  }
}

void ShardReader::show_leaving(const std::vector<SourceOptions>& before) const {
  for (size_t i = 0; i < before.size(); ++i) {
    const SourceOptions& source = options_.sources[i];
    if (source.until_step == before[i].until_step) continue;
    const std::string text =
        fmt::format("source {} gives no samples from step {} on", source.name, source.until_step);
    log::info(context_.actor, "{}", text);
    if (context_.observer) context_.observer->on_event({"detach", context_.actor, text});
  }
}

std::shared_ptr<const graph::ActorOptions> ShardReader::adopt(
    std::shared_ptr<const graph::ActorOptions> options) {
  ShardReaderOptions next = *options->as<ShardReaderOptions>();
  const int64_t batch_size = context_.training.batch_size;
  const int64_t first_free = (static_cast<int64_t>(next_slot_) + batch_size - 1) / batch_size;
  for (size_t i = options_.sources.size(); i < next.sources.size(); ++i) {
    SourceOptions& source = next.sources[i];
    if (source.from_step == kSoon) source.from_step = first_free;
    ARNO_CHECK(source.from_step >= first_free, Errc::invalid_argument,
               "[shard_reader] source {} is to join at step {}, expected {} or later: what comes "
               "before has been read",
               source.name, source.from_step, first_free);
  }
  for (SourceOptions& source : next.sources) {
    // Not 0, which is the end of the training.
    if (source.until_step == kSoon) {
      source.until_step = std::max({first_free, source.from_step, int64_t{1}});
    }
    ARNO_CHECK(
        source.until_step == 0 || source.until_step >= source.from_step, Errc::invalid_argument,
        "[shard_reader] source {} is to leave at step {}, expected {} or later: it joins then",
        source.name, source.until_step, source.from_step);
  }
  std::vector<std::shared_ptr<SampleSource>> sources = sources_;
  for (size_t i = sources.size(); i < next.sources.size(); ++i) {
    sources.push_back(open(next.sources[i]));
    sources.back()->set_wake(wake_);
  }
  order_ = order_of(next.sources, sources);
  sources_ = std::move(sources);
  std::swap(options_, next);
  show_new_sources();
  show_leaving(next.sources);
  return std::make_shared<graph::OptionsFor<ShardReaderOptions, ShardReader>>(options_);
}

void ShardReader::on_item(int port, const graph::Payload& item, graph::Outbox& out) {
  if (port == kDelivered) {
    delivered_ = std::max(delivered_, item.get<DeliveredSlots>().next_slot);
    return;
  }
  const auto& rejected = item.get<RejectedItem>();
  account_bad(rejected.id, rejected.cause, rejected.detail);
  replace({rejected.id.slot, rejected.id.attempt + 1}, out);
}

void ShardReader::on_drain() {
  draining_ = true;
  end_slot_ = next_slot_;
  for (const Owed& owed : owed_) end_slot_ = std::min(end_slot_, owed.slot);
  owed_.clear();
}

graph::Produced ShardReader::produce(graph::Outbox& out) {
  if (emit_owed(out)) return graph::Produced::item;
  again_ = std::max(again_, delivered_);
  if (again_ < std::min(again_end_, end_slot_)) {
    if (!emit_in_order(again_, out)) return graph::Produced::waiting;
    ++again_;
    return graph::Produced::item;
  }
  if (next_slot_ >= end_slot_) {
    // Until every slot has arrived, one may come back and need a replacement.
    return delivered_ >= end_slot_ ? graph::Produced::finished : graph::Produced::waiting;
  }
  if (next_slot_ - delivered_ >= static_cast<uint64_t>(options_.window)) {
    return graph::Produced::waiting;
  }
  if (!emit_in_order(next_slot_, out)) return graph::Produced::waiting;
  ++next_slot_;
  return graph::Produced::item;
}

bool ShardReader::emit_in_order(uint64_t slot, graph::Outbox& out) {
  Owed owed{.slot = slot};
  if (emit_or_replace(owed, out)) return true;
  if (owed.attempt == 0) {
    if (draining_) end_slot_ = std::min(end_slot_, slot);
    return false;
  }
  owe(owed);
  return true;
}

void ShardReader::replace(Owed owed, graph::Outbox& out) {
  if (!emit_or_replace(owed, out)) owe(owed);
}

void ShardReader::owe(const Owed& owed) {
  if (draining_) {
    end_slot_ = std::min(end_slot_, owed.slot);
  } else {
    owed_.push_back(owed);
  }
}

bool ShardReader::emit_owed(graph::Outbox& out) {
  for (auto owed = owed_.begin(); owed != owed_.end(); ++owed) {
    if (!emit_or_replace(*owed, out)) continue;
    owed_.erase(owed);
    return true;
  }
  return false;
}

bool ShardReader::emit_or_replace(Owed& owed, graph::Outbox& out) {
  for (;; ++owed.attempt) {
    ARNO_CHECK(owed.attempt <= kMaxAttempts, Errc::data_corrupt,
               "[shard_reader] {} samples in a row could not be used, see quarantine.jsonl",
               kMaxAttempts);
    const SlotContent content = order_.at(owed.slot, owed.attempt);
    ReadResult result = sources_[content.source]->read(content.index, owed.attempt);
    show_wait(content, result.has_value());
    if (!result) return false;
    const SampleId id{
        .slot = owed.slot,
        .source = content.source,
        .attempt = owed.attempt,
        .index = content.index,
        .key = RandomKey(context_.seed).child(kSampleKey).child(owed.slot).child(owed.attempt),
        .read_at = std::chrono::steady_clock::now()};
    ++read_;
    show_epoch(content.source, content.epoch);
    if (auto* sample = std::get_if<io::RawSample>(&*result)) {
      emit(id, std::move(*sample), out);
      return true;
    }
    const auto& fault = std::get<io::SampleFault>(*result);
    account_bad(id, fault.cause, fmt::format("{}: {}", fault.name, fault.detail));
  }
}

void ShardReader::emit(const SampleId& id, io::RawSample sample, graph::Outbox& out) {
  const size_t bytes = sample.image.size();
  out.emit(kSamples, graph::Payload::of(RawItem{.id = id,
                                                .name = std::move(sample.name),
                                                .image = std::move(sample.image),
                                                .texts = std::move(sample.texts)},
                                        bytes));
}

/// Says once what the job waits for, and when it does not any more.
void ShardReader::show_wait(const SlotContent& content, bool has_come) {
  SourceState& state = states_[content.source];
  if (has_come && state.waits.empty()) return;
  const std::string& name = options_.sources[content.source].name;
  const std::string obstacle = has_come ? "" : sources_[content.source]->obstacle();
  std::string waits;
  if (!obstacle.empty()) {
    waits = fmt::format("waits for sample {} of source {}: {}", content.index, name, obstacle);
  }
  if (waits == state.waits) return;
  state.waits = waits;
  if (!waits.empty()) log::warn(context_.actor, "{}", waits);
  if (!context_.observer) return;
  if (!waits.empty()) context_.observer->on_event({"fault", context_.actor, waits});
  context_.observer->on_source({.index = content.source,
                                .name = name,
                                .epoch = state.epoch.value_or(0),
                                .waits = std::move(waits)});
}

void ShardReader::show_epoch(uint32_t source, uint64_t epoch) {
  SourceState& state = states_[source];
  if (state.epoch == epoch) return;
  state.epoch = epoch;
  state.shown_epoch.set(static_cast<double>(epoch));
  if (!context_.observer) return;
  context_.observer->on_source(
      {.index = source, .name = options_.sources[source].name, .epoch = epoch});
}

void ShardReader::tell_of_bad(const std::string& source, const std::string& cause,
                              const std::string& detail) {
  // Every one would drown the other events: the 1st, 2nd, 4th, 8th ...
  if (!context_.observer || !std::has_single_bit(static_cast<uint64_t>(bad_))) return;
  context_.observer->on_event(
      {.kind = "quarantine",
       .actor = context_.actor,
       .text = fmt::format("bad samples so far: {}; the last, of {} ({}): {}", bad_, source, cause,
                           detail)});
}

void ShardReader::account_bad(const SampleId& id, const std::string& cause,
                              const std::string& detail) {
  ++bad_;
  const std::string& source = options_.sources[id.source].name;
  if (context_.metrics) {
    context_.metrics->counter(kBadSamples, {{"source", source}, {"cause", cause}}).add();
  }
  if (quarantine_.add(source, id.index, cause, detail)) {
    log::warn(context_.actor, "{} sample {} is unusable ({}): {}", source, id.index, cause, detail);
  }
  tell_of_bad(source, cause, detail);
  const double share = static_cast<double>(bad_) / static_cast<double>(read_);
  ARNO_CHECK(read_ < kEnoughToJudge || share <= options_.max_bad_share, Errc::data_corrupt,
             "[shard_reader] {} of {} samples could not be used, more than max_bad_share {}; the "
             "last: {}",
             bad_, read_, options_.max_bad_share, detail);
}

graph::ActorKind shard_reader_kind() {
  graph::Port rejects = graph::back_edge<RejectedItem>("rejects", "RejectedItem",
                                                       "samples to be replaced in their slot");
  return graph::with_options<ShardReaderOptions, ShardReader>({
      .name = "shard_reader",
      .doc = "Reads samples from weighted shard sources, in an order that is a function of the "
             "seed.",
      .inputs = {std::move(rejects),
                 graph::back_edge<DeliveredSlots>("delivered", "DeliveredSlots",
                                                  "how far the batcher has come")},
      .outputs = {graph::port<RawItem>("samples", "RawItem", "encoded, with texts")},
      .metrics = {kEpoch, kBadSamples, kProducerConnected, kProducerAhead, kProducerSamples},
      .scheduling = graph::Scheduling::detached,
      .example = "sources:\n  - {name: fashion, shards: [data/fashion-mnist/train], weight: 1}\n"
                 "window: 1024",
  });
}

}  // namespace arno::actors
