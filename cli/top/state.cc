// SPDX-License-Identifier: Apache-2.0
#include "cli/top/state.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/top/text.h"
#include "common/error.h"

namespace arno::cli::top {
namespace {

using nlohmann::json;

const json& member(const json& from, const char* name) {
  static const json none;
  const auto found = from.find(name);
  return found == from.end() ? none : *found;
}

double number(const json& from, const char* name) {
  const json& value = member(from, name);
  return value.is_number() ? value.get<double>() : kUnknown;
}

std::string text(const json& from, const char* name) {
  const json& value = member(from, name);
  return value.is_string() ? printable(value.get_ref<const std::string&>()) : "";
}

double sum(const json& replicas, const char* name) {
  double out = 0;
  for (const json& replica : replicas) out += number(replica, name);
  return out;
}

std::string resources_of(const json& from) {
  const json& has = member(from, "has");
  const json& taken = member(from, "taken");
  std::set<std::string> names;
  for (const json* part : {&has, &taken}) {
    for (const auto& [name, count] : part->items()) names.insert(name);
  }
  std::string out;
  for (const std::string& name : names) {
    const auto count = [&](const json& part) {
      const double value = number(part, name.c_str());
      return std::isfinite(value) ? value : 0;
    };
    out += fmt::format("{}{} {:.0f}/{:.0f}", out.empty() ? "" : ", ", printable(name), count(taken),
                       count(has));
  }
  return out;
}

Node node_of(const json& from) {
  return {.name = text(from, "name"),
          .address = text(from, "address"),
          .resources = resources_of(from),
          .heard_at = number(from, "heard_at"),
          .lost_at = number(from, "lost_at"),
          .why_lost = text(from, "why_lost")};
}

std::vector<ReplicaPlace> places_of(const json& replicas) {
  std::vector<ReplicaPlace> out;
  for (const json& replica : replicas) {
    out.push_back({number(replica, "replica"), text(replica, "node")});
  }
  return out;
}

Actor actor_of(const json& from) {
  const json& replicas = member(from, "replicas");
  return {.name = text(from, "name"),
          .kind = text(from, "kind"),
          .node = text(from, "node"),
          .places = places_of(replicas),
          .replicas = static_cast<double>(replicas.size()),
          .items_per_second = number(from, "items_per_second"),
          .busy = number(from, "busy_share"),
          .starved = number(from, "starved_share"),
          .blocked = number(from, "blocked_share"),
          .paused = number(from, "paused_share"),
          .queued_items = sum(replicas, "queued_items"),
          .errors = sum(replicas, "errors")};
}

Edge edge_of(const json& from) {
  return {.from = text(from, "from") + "." + text(from, "from_port"),
          .to = text(from, "to"),
          .capacity_items = number(from, "capacity_items"),
          .in_flight_items = number(from, "in_flight_items"),
          .items_per_second = number(from, "items_per_second"),
          .tap = text(from, "tap"),
          .dropped_items = number(from, "dropped_items")};
}

std::optional<Training> training_of(const json& from) {
  if (!from.is_object()) return std::nullopt;
  return Training{.stage = text(from, "stage"),
                  .step = number(from, "step"),
                  .total_steps = number(from, "total_steps"),
                  .loss = number(from, "loss"),
                  .floor = number(from, "floor"),
                  .temperature = number(from, "temperature"),
                  .images_per_second = number(from, "images_per_second"),
                  .seconds_left = number(from, "seconds_left")};
}

Event event_of(const json& from) {
  const json& id = member(from, "id");
  return {.id = id.is_number_integer() ? id.get<int64_t>() : 0,
          .at = number(from, "at"),
          .kind = text(from, "kind"),
          .actor = text(from, "actor"),
          .text = text(from, "text")};
}

/// A reply that has a list of this name, as every reply of the API that is read here.
json reply_with_list(const std::string& reply, const char* name) {
  json out = json::parse(reply, nullptr, /*allow_exceptions=*/false);
  ARNO_CHECK(out.is_object() && member(out, name).is_array(), Errc::data_corrupt,
             "found an answer of {} bytes without a list \"{}\", expected that of a job",
             reply.size(), name);
  return out;
}

}  // namespace

State parse_state(const std::string& text_of_reply) {
  const json reply = reply_with_list(text_of_reply, "actors");
  const json& bottleneck = member(reply, "bottleneck");
  const json& checkpoint = member(reply, "checkpoint");
  State out{.job = text(reply, "job"),
            .phase = text(reply, "phase"),
            .error = text(reply, "error"),
            .started_at = number(reply, "started_at"),
            .now = number(reply, "now"),
            .bottleneck = text(bottleneck, "text"),
            .bottleneck_actor = text(bottleneck, "actor"),
            .training = training_of(member(reply, "training")),
            .checkpoint_step = number(checkpoint, "step"),
            .checkpoint_at = number(checkpoint, "at")};
  for (const json& node : member(reply, "nodes")) out.nodes.push_back(node_of(node));
  for (const json& actor : member(reply, "actors")) out.actors.push_back(actor_of(actor));
  for (const json& edge : member(reply, "edges")) out.edges.push_back(edge_of(edge));
  return out;
}

std::deque<Event> parse_events(const std::string& text_of_reply) {
  const json reply = reply_with_list(text_of_reply, "events");
  std::deque<Event> out;
  for (const json& event : member(reply, "events")) out.push_back(event_of(event));
  return out;
}

}  // namespace arno::cli::top
