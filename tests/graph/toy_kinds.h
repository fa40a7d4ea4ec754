// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "graph/actor_kind.h"
#include "graph/plan.h"

namespace arno::graph {

/// The item of the toy graphs.
struct Number {
  int64_t value = 0;
};
inline ItemTag item_tag(const Number& number) { return {.slot = number.value}; }
/// An item that toy ports of another type carry.
struct Word {};

Payload number(int64_t value, int64_t size_bytes = 1);

/// What toy stages saw and are to do; outlives them, also when they are made anew.
class Ledger {
 public:
  void note(const std::string& where, int64_t value);
  std::vector<int64_t> noted(const std::string& where) const;
  std::vector<int64_t> sorted(const std::string& where) const;
  /// Waits until so many values have been noted there.
  void wait_for(const std::string& where, size_t count) const;
  /// Whether a stage has to fail now; counts down.
  bool take_failure();
  void set_failures(int count);

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable noted_;
  std::map<std::string, std::vector<int64_t>> notes_;
  int failures_ = 0;
};

/// Kinds of toy actors, all over Number:
///   count   -> out            emits `count` numbers of `size` bytes, or 2 * size for odd ones
///   pass    in -> out         fails on `fail_on` as often as the ledger says; replicable
///   member  in -> out         keeps state; loses its group on `fail_on`; tells of a step an item
///   twice   in -> a, b        emits each item on both ports
///   join    left, right -> out   emits the left one of a pair; refuses a side that is ahead
///   sink    in                notes what it gets
///   ping    back -> out       emits `count` numbers, at most `window` of which are not yet back
///   pong    in -> back, ...   returns each item
///   shard   in, back -> out   holds each item until it is back
///   hold    in, back -> out, returned   works on each item until it is back, then returns it
///   hole    in -> back        returns nothing
///   word    -> out            of another type
Registry toy_registry(Ledger& ledger, Scheduling sinks = Scheduling::pooled);

/// Plans a job file; the test fails on problems.
Plan plan_of(const std::string& yaml, const Registry& registry);

/// All problems of a job file, one a line.
std::string problems_of(const std::string& yaml, const Registry& registry);

}  // namespace arno::graph
