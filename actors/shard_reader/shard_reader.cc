// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/shard_reader.h"

#include <algorithm>
#include <bit>

#include "common/log.h"
#include "io/url_list.h"

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

/// Where a source of a patch joins that names no step: as soon as it can.
constexpr int64_t kSoon = -1;

std::vector<std::shared_ptr<const io::ShardSet>> open_all(
    const std::vector<SourceOptions>& sources) {
  std::vector<std::shared_ptr<const io::ShardSet>> out;
  for (const SourceOptions& source : sources) out.push_back(io::ShardSet::open(source.shards));
  return out;
}

std::vector<OrderedSource> ordered(
    const std::vector<SourceOptions>& options,
    const std::vector<std::shared_ptr<const io::ShardSet>>& sources) {
  std::vector<OrderedSource> out;
  for (size_t i = 0; i < options.size(); ++i) {
    out.push_back({sources[i], options[i].weight, options[i].from_step});
  }
  return out;
}

/// A source in a patch.
struct JoiningSource : SourceOptions {
  JoiningSource() { from_step = kSoon; }
};

struct SourcesPatch {
  std::vector<JoiningSource> sources;
  void fields(ConfigFields& f) {
    f.list("sources", sources, {.doc = "that join", .required = true});
  }
};

}  // namespace

void SourceOptions::fields(ConfigFields& f) {
  f.text("name", name, {.doc = "in metrics and in the quarantine", .required = true});
  f.texts(
      "shards", shards,
      {.doc = "paths, folders, brace expressions such as {000000..000099}.tar", .required = true});
  f.number("weight", weight,
           {.doc = "share of the samples, relative to the other sources'", .min = 0, .max = 1e9});
  f.integer("from_step", from_step,
            {.doc = "step of the training from which on it gives samples", .min = 0});
}

void ShardReaderOptions::extend(const RawConfig& patch, ConfigProblems& problems) {
  SourcesPatch joining;
  patch.read(joining, problems);
  for (size_t i = 0; i < joining.sources.size(); ++i) {
    const JoiningSource& source = joining.sources[i];
    if (std::ranges::find(sources, source.name, &SourceOptions::name) != sources.end()) {
      problems.push_back(patch.problem_at(
          fmt::format("sources[{}].name", i),
          fmt::format("found {}, which is a source already, expected a new name", source.name)));
    }
    sources.push_back(source);
  }
}

void ShardReaderOptions::fields(ConfigFields& f) {
  f.list("sources", sources, {.doc = "where samples come from", .required = true});
  f.integer("window", window, {.doc = "samples that may be under way at once", .min = 1});
  f.number("max_bad_share", max_bad_share,
           {.doc = "share of unusable samples above which the job stops", .min = 0, .max = 1});
}

void ShardReaderOptions::check(const graph::StageContext& context, const RawConfig& where,
                               ConfigProblems& problems) const {
  if (sources.empty())
    problems.push_back(where.problem("found no source, expected one", "sources"));
  if (window < context.training.batch_size) {
    problems.push_back(where.problem_at(
        "window", fmt::format("found {}, expected at least training.batch_size {}: a batch is "
                              "made of samples that are all under way",
                              window, context.training.batch_size)));
  }
  double total = 0;
  for (size_t i = 0; i < sources.size(); ++i) {
    total += sources[i].weight;
    try {
      io::expand_urls(sources[i].shards);
    } catch (const Error& error) {
      problems.push_back(where.problem_at(fmt::format("sources[{}].shards", i), error.what()));
    }
  }
  if (!sources.empty() && total <= 0) {
    problems.push_back(where.problem_at("sources", "every weight is 0, expected one above"));
  }
}

ShardReader::ShardReader(const ShardReaderOptions& options, const graph::StageContext& context)
    : options_(options),
      context_(context),
      sources_(open_all(options.sources)),
      order_(ordered(options.sources, sources_), context.training, context.seed),
      quarantine_(context.output),
      next_slot_(static_cast<uint64_t>(context.from.step * context.training.batch_size)),
      delivered_(next_slot_),
      end_slot_(
          static_cast<uint64_t>(context.training.total_steps() * context.training.batch_size)) {
  show_new_sources();
}

void ShardReader::show_new_sources() {
  for (size_t i = epochs_.size(); i < sources_.size(); ++i) {
    log::info(context_.actor, "source {}: {} samples, {} of them with a long text",
              options_.sources[i].name, sources_[i]->size(), sources_[i]->long_text_count());
    epochs_.push_back({});
    if (context_.observer && options_.sources[i].from_step > 0) {
      context_.observer->on_event(
          {.kind = "attach",
           .actor = context_.actor,
           .text = fmt::format("source {} gives samples from step {} on", options_.sources[i].name,
                               options_.sources[i].from_step)});
    }
    if (context_.metrics) {
      epochs_.back().shown =
          context_.metrics->gauge(kEpoch, {{"source", options_.sources[i].name}});
    }
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
  std::vector<std::shared_ptr<const io::ShardSet>> sources = sources_;
  for (size_t i = sources.size(); i < next.sources.size(); ++i) {
    sources.push_back(io::ShardSet::open(next.sources[i].shards));
  }
  order_ = SampleOrder(ordered(next.sources, sources), context_.training, context_.seed);
  sources_ = std::move(sources);
  options_ = std::move(next);
  show_new_sources();
  return std::make_shared<graph::OptionsFor<ShardReaderOptions, ShardReader>>(options_);
}

void ShardReader::on_item(int port, const graph::Payload& item, graph::Outbox& out) {
  if (port == kDelivered) {
    delivered_ = std::max(delivered_, item.get<DeliveredSlots>().next_slot);
    return;
  }
  const auto& rejected = item.get<RejectedItem>();
  account_bad(rejected.id, rejected.cause, rejected.detail);
  emit_or_replace(rejected.id.slot, rejected.id.attempt + 1, out);
}

graph::Produced ShardReader::produce(graph::Outbox& out) {
  again_ = std::max(again_, delivered_);
  if (again_ < again_end_) {
    emit_or_replace(again_++, 0, out);
    return graph::Produced::item;
  }
  if (next_slot_ >= end_slot_) {
    // Until every slot has arrived, one may come back and need a replacement.
    return delivered_ >= next_slot_ ? graph::Produced::finished : graph::Produced::waiting;
  }
  if (next_slot_ - delivered_ >= static_cast<uint64_t>(options_.window)) {
    return graph::Produced::waiting;
  }
  emit_or_replace(next_slot_++, 0, out);
  return graph::Produced::item;
}

void ShardReader::emit_or_replace(uint64_t slot, uint32_t attempt, graph::Outbox& out) {
  for (;; ++attempt) {
    ARNO_CHECK(attempt <= kMaxAttempts, Errc::data_corrupt,
               "[shard_reader] {} samples in a row could not be used, see quarantine.jsonl",
               kMaxAttempts);
    const SlotContent content = order_.at(slot, attempt);
    const SampleId id{.slot = slot,
                      .source = content.source,
                      .attempt = attempt,
                      .index = content.index,
                      .key = RandomKey(context_.seed).child(kSampleKey).child(slot).child(attempt),
                      .read_at = std::chrono::steady_clock::now()};
    ++read_;
    show_epoch(content.source, content.epoch);
    auto result = sources_[content.source]->read(content.index);
    if (auto* sample = std::get_if<io::RawSample>(&result)) {
      const size_t bytes = sample->image.size();
      out.emit(kSamples, graph::Payload::of(RawItem{.id = id,
                                                    .name = std::move(sample->name),
                                                    .image = std::move(sample->image),
                                                    .texts = std::move(sample->texts)},
                                            bytes));
      return;
    }
    const auto& fault = std::get<io::SampleFault>(result);
    account_bad(id, fault.cause, fmt::format("{}: {}", fault.name, fault.detail));
  }
}

void ShardReader::show_epoch(uint32_t source, uint64_t epoch) {
  Epoch& last = epochs_[source];
  if (last.number == epoch) return;
  last.number = epoch;
  last.shown.set(static_cast<double>(epoch));
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
      .metrics = {kEpoch, kBadSamples},
      .scheduling = graph::Scheduling::detached,
      .example = "sources:\n  - {name: fashion, shards: [data/fashion-mnist/train], weight: 1}\n"
                 "window: 1024",
  });
}

}  // namespace arno::actors
