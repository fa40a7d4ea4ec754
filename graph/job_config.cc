// SPDX-License-Identifier: Apache-2.0
#include "graph/job_config.h"

#include <algorithm>

namespace arno::graph {

void ActorSpec::fields(ConfigFields& f) {
  f.text("kind", kind,
         {.doc = "what the actor does; `arno docs` lists the kinds", .required = true});
  f.integer("replicas", replicas,
            {.doc = "copies that share the work; 0: one, or `per_node` on each of its nodes",
             .min = 0,
             .max = 1024});
  f.text("on_error", on_error,
         {.doc = "when it fails on an item: stop the job, restart it and give it the item again, "
                 "or skip the item",
          .one_of = {"stop", "restart", "skip"}});
  f.integer("max_errors", max_errors,
            {.doc = "restarts or skips before the job stops after all", .min = 0});
  f.texts("nodes", nodes,
          {.doc = "nodes that its replicas run on, in turn; `local` is where the job is launched; "
                  "none: there, or with one of the next three on any node with room"});
  f.counts("needs", needs, {.doc = "what each replica takes of its node, as in {cpu: 1, gpu: 1}"});
  f.text("place", place,
         {.doc = "which of the nodes with room is next: the one with the fewest of its replicas, "
                 "or the first one; it is spread where nothing is said",
          .one_of = {"spread", "pack"}});
  f.integer("per_node", per_node,
            {.doc = "most of its replicas on one node; 0: any number", .min = 0, .max = 1024});
  f.texts("at", at,
          {.doc = "where its replicas are, by number, in the file of a run; those stay there"});
  f.raw("options", options, {.doc = "of the kind"});
}

void EdgeSpec::fields(ConfigFields& f) {
  f.text("from", from, {.doc = "actor.port that sends", .required = true});
  f.text("to", to, {.doc = "actor.port that receives", .required = true});
  f.integer("capacity", capacity,
            {.doc = "items under way at once, over all replicas", .min = 1, .max = 1 << 20});
  f.integer("capacity_mb", capacity_mb,
            {.doc = "MiB under way at once, over all replicas", .min = 1, .max = 1 << 20});
  f.text("tap", tap,
         {.doc = "what happens when the edge is full: blocking holds the sender back; lossy leaves "
                 "items out; shadow leaves them out too, and whatever happens to the receiver does "
                 "not matter to the job",
          .one_of = {"blocking", "lossy", "shadow"}});
}

void MonitoringSpec::fields(ConfigFields& f) {
  f.boolean("enabled", enabled, {.doc = "serve the page, its API and /metrics"});
  f.text("listen", listen, {.doc = "host:port to serve on; port 0 takes a free one"});
  f.number("linger_s", linger_s,
           {.doc = "seconds to serve on after the end of the job", .min = 0, .max = 86400});
}

void NodeSpec::fields(ConfigFields& f) {
  f.text("address", address,
         {.doc = "host:port that its `arno node` listens on; `local` has none"});
  f.counts("resources", resources,
           {.doc = "what it has, as in {cpu: 4, gpu: 1}; a node that says something else is an "
                   "error, and where it is not said here the node is asked"});
}

void ControlSpec::fields(ConfigFields& f) {
  f.boolean("enabled", enabled, {.doc = "take orders: attach, detach, edge, stop"});
  f.text("listen", listen, {.doc = "host:port to take orders on; port 0 takes a free one"});
  f.text(
      "key", key,
      {.doc = "folder of the job's key (arno key new), which every peer has to have; empty: none"});
  f.text("payload", payload,
         {.doc = "tcp://host:port that items of other nodes come in on; port * takes a free one"});
}

void SupervisorSpec::fields(ConfigFields& f) {
  f.integer("drain_timeout_s", drain_timeout_s,
            {.doc = "seconds a drain may take before the job is aborted", .min = 1});
}

void JobConfig::fields(ConfigFields& f) {
  f.text("job", job, {.doc = "name of the job, a label of every metric", .required = true});
  f.text("output", output, {.doc = "folder for checkpoints and logs", .required = true});
  f.integer("seed", seed, {.doc = "of every draw", .min = 0});
  f.integer("workers", workers,
            {.doc = "threads for the actors that do not block", .min = 1, .max = 1024});
  f.group("training", training, {.doc = "batch size and stages, for every actor"});
  f.group("monitoring", monitoring, {.doc = "where the job shows itself"});
  f.group("control", control, {.doc = "how a running job is changed"});
  f.group("supervisor", supervisor, {.doc = "how failures are met"});
  f.map("nodes", nodes, {.doc = "other processes, or machines, that run actors of the job"});
  f.map("actors", actors, {.doc = "actors by name", .required = true});
  f.list("edges", edges, {.doc = "what is sent where", .required = true});
}

bool is_name(const std::string& text) {
  const auto letter = [](unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  return !text.empty() && letter(text[0]) && std::ranges::all_of(text, [&](unsigned char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace arno::graph
