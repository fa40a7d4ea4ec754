// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/producer_source.h"

#include <algorithm>
#include <utility>

#include "io/shard_index.h"
#include "io/text_clean.h"
#include "io/utf8.h"

namespace arno::actors {
namespace {

constexpr int32_t kLane = 0;
constexpr int64_t kMiB = 1 << 20;
// Fewer are asked for together with the next ones, unless the reader waits.
constexpr uint64_t kShareOfRequest = 4;

std::string name_of(const std::string& source, const ProducedId& id) {
  return id.attempt == 0 ? fmt::format("{}#{}", source, id.index)
                         : fmt::format("{}#{}+{}", source, id.index, id.attempt);
}

/// A sample of a shard would be refused for the same.
std::variant<io::RawSample, io::SampleFault> checked(const std::string& source, bool long_texts,
                                                     ProducedSample sample) {
  const std::string name = name_of(source, sample.id);
  const auto fault = [&](const char* cause, const char* detail) {
    return io::SampleFault{name, cause, detail};
  };
  if (sample.image.size() == 0) return fault("no_image", "its producer sent no image");
  if (!std::ranges::all_of(sample.texts, [](const auto& t) { return io::is_valid_utf8(t); })) {
    return fault("text_not_utf8", "a text is not UTF-8");
  }
  std::erase_if(sample.texts, [](const std::string& text) { return io::word_count(text) == 0; });
  if (sample.texts.empty()) return fault("no_text", "its texts are blank");
  const auto is_long = [](const std::string& text) {
    return io::word_count(text) > io::kShortTextWords;
  };
  if (long_texts && std::ranges::none_of(sample.texts, is_long)) {
    return fault("short_text", "no text is long, as the source's long_texts says");
  }
  const auto image = sample.image.span();
  return io::RawSample{
      .name = name, .image = {image.begin(), image.end()}, .texts = std::move(sample.texts)};
}

}  // namespace

ProducerSource::ProducerSource(std::string name, const ProducerOptions& options, SourceWatch watch)
    : name_(std::move(name)), options_(options), watch_(std::move(watch)) {
  if (watch_.metrics) {
    const monitoring::Labels labels{{"source", name_}};
    connected_ = watch_.metrics->gauge(kProducerConnected, labels);
    ahead_ = watch_.metrics->gauge(kProducerAhead, labels);
    received_ = watch_.metrics->counter(kProducerSamples, labels);
  }
  io::PayloadLinkOptions link{.node = "arno",
                              .job = name_,
                              .listen = options_.listen,
                              .max_part_bytes = options_.max_sample_mb * kMiB,
                              .max_peers = 1};
  if (!options_.key.empty()) link.key = io::read_job_key(options_.key);
  link.on_message = [this](const std::string& peer, const io::Message& message) {
    on_message(peer, message);
  };
  link.on_peer = [this](const io::PeerEvent& event) { on_peer(event); };
  // Whoever connects at once waits for the link to be there.
  const std::scoped_lock lock(mutex_);
  link_.emplace(std::move(link));
}

std::string ProducerSource::describe() const {
  return fmt::format("its producer connects to {}", link_->address());
}

void ProducerSource::set_wake(std::function<void()> wake) {
  const std::scoped_lock lock(mutex_);
  wake_ = std::move(wake);
}

std::string ProducerSource::obstacle() const {
  const std::scoped_lock lock(mutex_);
  if (!peer_.empty()) return "";
  return fmt::format("no producer is connected at {}", link_->address());
}

ReadResult ProducerSource::read(uint64_t index, uint32_t attempt) {
  const std::scoped_lock lock(mutex_);
  ARNO_CHECK(!failure_, Errc::data_corrupt, "[shard_reader] source {}: {}", name_, *failure_);
  if (attempt == 0 && std::exchange(next_, index) != index) {
    // Others are read than were expected, as after a fault: what waits makes room.
    std::erase_if(held_, [](const auto& entry) { return entry.first.attempt == 0; });
  }
  const ProducedId id{wrapped(index), attempt};
  const auto found = held_.find(id);
  if (found == held_.end()) {
    waited_for_ = true;
    if (attempt == 0) {
      ask_ahead();
    } else if (replacements_.insert(id).second) {
      ask({id.index, id.index + 1, attempt});
    }
    return std::nullopt;
  }
  ProducedSample sample = std::move(found->second);
  held_.erase(found);
  replacements_.erase(id);
  if (attempt == 0) ++*next_;
  ask_ahead();
  return checked(name_, options_.long_texts, std::move(sample));
}

/// Asks for the next samples that nobody has asked for, in ranges, as far as there is room.
void ProducerSource::ask_ahead() {
  if (!next_) return;
  const auto ahead = static_cast<uint64_t>(options_.ahead);
  const uint64_t limit = samples_ ? std::min(ahead, *samples_) : ahead;
  const uint64_t waiting = held_.size() + asked_.size();
  const bool urgent = !is_coming({wrapped(*next_), 0});
  uint64_t room = waiting < limit ? limit - waiting : 0;
  if (urgent) room = std::max<uint64_t>(room, 1);
  if (!urgent && room < std::max<uint64_t>(1, limit / kShareOfRequest)) return;
  SampleRequest range;
  for (uint64_t i = 0; i < limit && room > 0; ++i) {
    const uint64_t index = wrapped(*next_ + i);
    if (is_coming({index, 0})) continue;
    --room;
    if (index != range.until || range.first == range.until) {
      ask(range);
      range = {.first = index, .until = index};
    }
    ++range.until;
  }
  ask(range);
}

void ProducerSource::ask(const SampleRequest& request) {
  if (peer_.empty() || request.first == request.until) return;
  for (uint64_t index = request.first; index < request.until; ++index) {
    asked_.insert({index, request.attempt});
  }
  graph::PartWriter parts(nullptr);
  write_request(request, parts);
  link_->send(peer_, {.kind = io::MessageKind::deliver,
                      .lane = kLane,
                      .number = ++requests_,
                      .name = kSampleRequest,
                      .parts = parts.take()});
}

void ProducerSource::wake() {
  if (std::exchange(waited_for_, false) && wake_) wake_();
}

void ProducerSource::on_message(const std::string& peer, const io::Message& message) {
  Problem problem;
  {
    const std::scoped_lock lock(mutex_);
    if (peer != peer_) return;
    problem = take_in(message);
    ahead_.set(static_cast<double>(held_.size()));
    if (problem.empty()) wake();
  }
  if (!problem.empty()) link_->drop(peer, problem);
}

ProducerSource::Problem ProducerSource::take_in(const io::Message& message) {
  if (message.lane != kLane) return fmt::format("used lane {}, expected {}", message.lane, kLane);
  if (message.kind == io::MessageKind::end_of_stream) return take_end(message.number);
  if (message.kind != io::MessageKind::deliver || message.name != kProducedSample) {
    return fmt::format("sent a message of kind {} and type \"{}\", expected a {}",
                       static_cast<int>(message.kind), message.name, kProducedSample);
  }
  try {
    return take_sample(message);
  } catch (const Error& error) {
    return fmt::format("sent what is no sample: {}", error.what());
  }
}

ProducerSource::Problem ProducerSource::take_sample(const io::Message& message) {
  ProducedSample sample = parse_sample(message.parts);
  const ProducedId id = sample.id;
  if (asked_.erase(id) == 0) {
    return fmt::format("sent sample {} (attempt {}), which it was not asked for", id.index,
                       id.attempt);
  }
  held_.emplace(id, std::move(sample));
  received_.add();
  return "";
}

ProducerSource::Problem ProducerSource::take_end(uint64_t samples) {
  if (samples_ && *samples_ != samples) {
    return fmt::format("ended after {} samples, expected {} as before", samples, *samples_);
  }
  if (!held_.empty() && held_.rbegin()->first.index >= samples) {
    return fmt::format("ended after {} samples, but had sent sample {}", samples,
                       held_.rbegin()->first.index);
  }
  if (samples == 0) {
    failure_ = fmt::format("its producer {} has no sample", peer_);
    return "";
  }
  std::erase_if(asked_, [&](const ProducedId& id) { return id.index >= samples; });
  if (!std::exchange(samples_, samples)) {
    watch_.tell("producer", fmt::format("source {} has {} samples, and begins anew with the first",
                                        name_, samples));
  }
  ask_ahead();
  return "";
}

void ProducerSource::on_peer(const io::PeerEvent& event) {
  const std::scoped_lock lock(mutex_);
  if (event.kind == io::PeerEvent::refused) {
    watch_.tell("fault", fmt::format("source {} refused a producer at {}: it {}", name_,
                                     event.address, event.text));
    return;
  }
  const bool is_connected = event.kind == io::PeerEvent::connected;
  peer_ = is_connected ? event.peer : "";
  asked_.clear();
  requests_ = 0;
  connected_.set(is_connected ? 1 : 0);
  if (is_connected) {
    watch_.tell("producer", fmt::format("source {}: {} is connected", name_, peer_));
    for (const ProducedId& id : replacements_) {
      if (!is_coming(id)) ask({id.index, id.index + 1, id.attempt});
    }
    ask_ahead();
  } else {
    watch_.tell("fault", fmt::format("source {} lost {}: {}; it waits for it at {}", name_,
                                     event.peer, event.text, link_->address()));
  }
  wake();
}

}  // namespace arno::actors
