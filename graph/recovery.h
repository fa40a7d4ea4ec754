// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "graph/assembly.h"
#include "graph/once_observer.h"

namespace arno::graph {

/// Changes the graph of a job, and keeps it going when nodes or groups of replicas are lost: what
/// keeps no state is placed again, and its samples are read again; where state was lost the whole
/// graph goes back to the last commit and starts anew, without a step told twice. Thread-safe.
class Recovery {
 public:
  /// `observer` knows how far the training is; `give_up` ends the job. Both outlive the object, as
  /// does the assembly.
  Recovery(Assembly& assembly, OnceObserver& observer,
           std::function<void(const std::string& why)> give_up);
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  /// The graph is about to start: from now on it is looked after.
  void begin();
  /// It runs: until then nothing is changed.
  void start() { begun_.set_value(); }
  /// The job has come to its end.
  void stop() { ended_.store(true); }
  /// The job drains: its group of replicas stays as it is.
  void drain() { draining_.store(true); }

  /// Waits for what is under way, and begins nothing more.
  void close();

  // Return at once; what they begin goes on in a thread.
  void on_lost(const std::string& node, const std::string& why);
  void on_setback(int shell, const std::string& why);
  void on_shadow_failed(int shell);

  /// Brings the graph to another plan, and waits for that. When replicas that keep state join or
  /// leave, the graph starts anew from the last step that was finished. Throws what the making of a
  /// stage throws, and cancelled when the job is ending; the graph then goes on as before.
  void change(Plan plan);

  /// Held by whoever changes something.
  std::mutex& changing() { return changing_; }

 private:
  void in_background(std::function<void()> work);
  void recover_node(const std::string& node, const std::string& why);
  void go_back(const std::string& why);
  bool place_again(const std::string& node);
  std::string try_to_apply(PreparedChange change);
  void let_go(int shadow);
  void apply(PreparedChange change);
  void restart(const std::string& why, std::optional<Plan> next);
  void start_again(const std::string& why, const std::optional<Plan>& next);
  std::string cause(const std::string& why);
  bool is_in_vain();
  void tell(const std::string& kind, const std::string& text);

  Assembly& assembly_;
  OnceObserver& observer_;
  std::function<void(const std::string&)> give_up_;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> draining_ = false;
  std::promise<void> begun_;
  std::shared_future<void> running_ = begun_.get_future().share();
  std::mutex changing_;
  std::set<std::string> known_lost_;  ///< nodes
  int64_t last_step_ = -1;            ///< at the last return to a commit
  int in_vain_ = 0;                   ///< returns since which no step was made
  std::mutex threads_mutex_;
  std::vector<std::jthread> threads_;
  bool accepts_ = false;  ///< between begin() and close()
};

}  // namespace arno::graph
