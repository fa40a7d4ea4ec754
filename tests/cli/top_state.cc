// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/top_state.h"

#include <nlohmann/json.hpp>

namespace arno::cli::top {
namespace {

using nlohmann::json;

json actor(const char* name, const char* kind, double busy, double blocked) {
  const auto replica = [](int number) {
    return json{{"replica", number}, {"node", "local"}, {"errors", 2}, {"queued_items", 3}};
  };
  return {{"name", name},
          {"kind", kind},
          {"node", "local"},
          {"items_per_second", 700 + 10 * busy},
          {"busy_share", busy},
          {"starved_share", 1 - busy - blocked},
          {"blocked_share", blocked},
          {"paused_share", 0.0},
          {"replicas", {replica(0), replica(1)}}};
}

json node(const char* name, const char* address, double heard_at) {
  return {{"name", name},          {"address", address},   {"has", {{"cpu", 4}, {"gpu", 0}}},
          {"taken", {{"cpu", 1}}}, {"heard_at", heard_at}, {"lost_at", nullptr},
          {"why_lost", ""}};
}

json edge(const char* from, const char* port, const char* to, int in_flight, int capacity) {
  return {{"name", "unused"},
          {"from", from},
          {"from_port", port},
          {"to", to},
          {"to_port", "unused"},
          {"capacity_items", capacity},
          {"in_flight_items", in_flight},
          {"items_per_second", 702.4}};
}

json actors() {
  return {actor("read", "shard_reader", 0.1, 0.9),   actor("decode", "decoder", 0.2, 0.75),
          actor("augment", "augmenter", 0.3, 0.6),   actor("prompt", "prompt_sampler", 0.01, 0.9),
          actor("tokenize", "tokenizer", 0.05, 0.9), actor("batch", "batcher", 0.02, 0.95),
          actor("model", "model_shard", 0.97, 0),    actor("loss", "contrastive_loss", 0.01, 0),
          actor("save", "checkpointer", 0, 0),       actor("evaluate", "evaluator", 0, 0)};
}

json edges() {
  return {edge("read", "samples", "decode", 128, 128),
          edge("decode", "images", "augment", 256, 256),
          edge("decode", "rejects", "read", 0, 512),
          edge("augment", "augmented", "prompt", 60, 64),
          edge("prompt", "prompted", "tokenize", 32, 64),
          edge("tokenize", "tokenized", "batch", 1, 64),
          edge("batch", "delivered", "read", 0, 768),
          edge("batch", "batches", "model", 2, 2),
          edge("model", "features", "loss", 0, 1),
          edge("loss", "gradients", "model", 0, 1),
          edge("model", "snapshots", "save", 0, 1),
          edge("model", "evaluations", "evaluate", 0, 1)};
}

}  // namespace

std::string state_reply() {
  return json{
      {"job", "florence-nano"},
      {"phase", "running"},
      {"error", ""},
      {"started_at", 1764000000.0},
      {"now", 1764000123.4},
      {"nodes", {node("local", "", 1764000123.4)}},
      {"actors", actors()},
      {"edges", edges()},
      {"bottleneck",
       {{"actor", "model"},
        {"text",
         "model holds the job back: it is busy 97 % of the time, and batch waits for it 95 %."}}},
      {"training",
       {{"step", 1200},
        {"total_steps", 3400},
        {"stage", "all texts"},
        {"loss", 3.1},
        {"floor", 2.4},
        {"temperature", 14.2},
        {"images_per_second", 702.0},
        {"seconds_left", 401.0}}},
      {"checkpoint", {{"step", 1000}, {"at", 1764000101.0}}}}
      .dump();
}

std::string events_reply() {
  json events = json::array();
  for (int id = 1; id <= 30; ++id) {
    events.push_back({{"id", id},
                      {"at", 1764000000.0 + id},
                      {"kind", id == 30 ? "fault" : "checkpoint"},
                      {"actor", id == 30 ? "decode" : ""},
                      {"text", "event " + std::to_string(id)}});
  }
  return json{{"events", std::move(events)}}.dump();
}

std::vector<std::string> plain_texts(const std::vector<Line>& lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) out.push_back(plain_text(line));
  return out;
}

}  // namespace arno::cli::top
