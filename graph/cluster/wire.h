// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/job_status.h"
#include "graph/lanes.h"
#include "graph/resources.h"

// What the launcher of a job and its nodes say to each other over the control plane. A text holds
// the bytes of one of the structs below; both ends are of one version.
namespace arno::graph {

/// A replica of the job and where it runs.
struct PlacedShell {
  int32_t number = 0;
  std::string actor;
  int64_t replica = 0;
  std::string node;
};

/// A node's end of the payload plane.
struct NodeAddress {
  std::string node;
  std::string payload;  ///< "tcp://host:port"
};

/// Become part of a job. A node that is part of it already begins anew: its launcher has had no
/// answer, or has let go of it.
struct JoinRequest {
  std::string version;
  std::string job;   ///< its id: another one at every launch
  std::string node;  ///< the name that the job file has for the node
};
struct JoinReply {
  std::string payload;     ///< "tcp://host:port"
  std::string monitoring;  ///< "host:port"; empty: none
  Resources resources{};   ///< what it has
  bool is_busy = false;    ///< it works for a job already
};

/// Make the stages of the shells that are to run here, and learn of all others.
struct PlaceRequest {
  std::string plan_yaml;
  std::vector<PlacedShell> shells;  ///< new ones, of all nodes
  std::vector<PlacedShell> known;   ///< that were placed before: a late node has lanes to them too
  std::vector<NodeAddress> nodes;   ///< all
  int64_t start = 0;                ///< number of the start of the graph: names its groups
  int64_t first_step = 0;           ///< steps that were done before this start
};

/// End the shells with lower numbers than this, and answer when they are gone.
struct ClearRequest {
  int32_t below = 0;
};

/// An order to one shell.
struct ShellOrder {
  enum Kind : uint8_t {
    start,
    drain,
    add_input,
    add_output,
    close_output,
    drop_output,
    resize,
    leave,
    restart,
    skip,
    discard
  };
  Kind kind = start;
  Lane lane;
  std::string edge;   ///< add_output: its name
  int32_t peer = -1;  ///< add_input, add_output: the shell at the other end
};

/// What a shell has sent on an edge.
struct SentOnEdge {
  int32_t edge = 0;  ///< number in the layout
  int64_t items = 0;
  int64_t in_flight = 0;
  int64_t dropped = 0;
};

/// Numbers of a shell, as it counts them.
struct ShellCounts {
  int32_t shell = 0;
  ActorStatus status;
  std::vector<SentOnEdge> edges;
};

/// A line of a node's log.
struct LogLine {
  uint8_t level = 0;  ///< log::Level
  std::string component;
  std::string text;
};

/// What a node tells the launcher.
struct NodeReport {
  enum Kind : uint8_t {
    input_added,
    output_added,
    output_dropped,
    finished,
    failed,
    event,
    counts,
    key,
    log,
    link_lost
  };
  Kind kind = finished;
  int32_t shell = 0;
  int32_t lane = 0;
  bool flag = false;  ///< input_added: taken; failed: fatal
  int32_t code = 0;   ///< failed
  std::string text;   ///< failed, event; key: its value
  std::string name;   ///< event: its kind; key
  std::vector<ShellCounts> all;
  std::vector<LogLine> lines;
};

// Each reads what its twin wrote. Reading throws data_corrupt for anything else.
std::string to_wire(const JoinRequest& value);
std::string to_wire(const JoinReply& value);
std::string to_wire(const PlaceRequest& value);
std::string to_wire(const ClearRequest& value);
std::string to_wire(const ShellOrder& value);
std::string to_wire(const NodeReport& value);
template <class T>
T from_wire(const std::string& text);

using TellAtom = caf::atom_constant<caf::atom("tell")>;
using KeyAtom = caf::atom_constant<caf::atom("key")>;
using BreakAtom = caf::atom_constant<caf::atom("break")>;
using LeaveAtom = caf::atom_constant<caf::atom("leave")>;

/// A node: a JoinRequest, with the launcher to report to, and requests by verb and body, answered
/// as detail::answer_of() says; orders to shells, by number; a key and value of the groups' store;
/// the end of all groups, with the reason; that the job of this id goes on without it; its own
/// reminder to report.
using NodeActor = caf::typed_actor<
    caf::replies_to<std::string, caf::strong_actor_ptr>::with<int32_t, std::string>,
    caf::replies_to<std::string, std::string>::with<int32_t, std::string>,
    caf::reacts_to<int32_t, std::string>, caf::reacts_to<KeyAtom, std::string, std::string>,
    caf::reacts_to<BreakAtom, std::string>, caf::reacts_to<LeaveAtom, std::string>,
    caf::reacts_to<TellAtom>>;

// Requests to a node.
inline constexpr const char* kDescribe = "describe";  ///< body: a JoinRequest; it does not join
inline constexpr const char* kPlace = "place";
inline constexpr const char* kCheckPlan = "check";  ///< body: a plan in YAML
inline constexpr const char* kClear = "clear";

/// The launcher: reports of nodes, by name.
using LauncherActor = caf::typed_actor<caf::reacts_to<std::string, std::string>>;

}  // namespace arno::graph
