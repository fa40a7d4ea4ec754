// SPDX-License-Identifier: Apache-2.0
#include "graph/recovery.h"

#include <algorithm>

#include "common/log.h"
#include "graph/job_patch.h"

namespace arno::graph {
namespace {

/// What a plan has fewer of than before: "; decode goes on with 2 of 4 replicas, ...".
std::string fewer_in(const Plan& plan, const Plan& before) {
  std::string out;
  for (const PlannedActor& actor : plan.actors) {
    const auto was = std::ranges::find(before.actors, actor.name, &PlannedActor::name);
    if (was == before.actors.end() || was->replicas <= actor.replicas) continue;
    out += fmt::format("; {} goes on with {} of {} replicas, as there is no room for more",
                       actor.name, actor.replicas, was->replicas);
  }
  return out;
}

void throw_if_refused(const std::string& why) {
  ARNO_CHECK(why.empty(), Errc::cancelled, "[job] the graph was not changed: {}", why);
}

bool spreads_state(const Plan& plan) {
  return std::ranges::any_of(
      plan.actors, [](const PlannedActor& actor) { return actor.options->spreads_state(); });
}

/// A job that goes back so often without a step in between does not hold.
constexpr int kMostInVain = 3;

}  // namespace

Recovery::Recovery(Assembly& assembly, OnceObserver& observer,
                   std::function<void(const std::string&)> give_up)
    : assembly_(assembly), observer_(observer), give_up_(std::move(give_up)) {}

void Recovery::close() {
  ended_.store(true);
  std::vector<std::jthread> last;
  const std::scoped_lock lock(threads_mutex_);
  accepts_ = false;
  last = std::move(threads_);
}

void Recovery::begin() {
  {
    const std::scoped_lock lock(threads_mutex_);
    accepts_ = true;
  }
  for (const std::string& node : assembly_.lost_nodes()) on_lost(node, "it did not come to work");
}

void Recovery::in_background(std::function<void()> work) {
  const std::scoped_lock lock(threads_mutex_);
  if (accepts_) threads_.emplace_back(std::move(work));
}

void Recovery::on_lost(const std::string& node, const std::string& why) {
  in_background([this, node, why] { recover_node(node, why); });
}

void Recovery::on_setback(int shell, const std::string& why) {
  in_background([this, shell, why] {
    assembly_.stop_graph_of(shell, why);
    go_back(why);
  });
}

void Recovery::on_shadow_failed(int shell) {
  in_background([this, shell] { let_go(shell); });
}

void Recovery::let_go(int shadow) {
  const std::scoped_lock lock(changing_);
  running_.wait();
  const std::string actor = assembly_.drop_actor_of(shadow);
  if (actor.empty()) return;
  const std::shared_ptr<const Plan> plan = assembly_.plan();
  try {
    ConfigProblems problems;
    PlanStep step = without_actor(*plan, actor, *plan->registry, problems);
    throw_if_any(problems);
    apply(assembly_.prepare(std::move(step.next)));
  } catch (const Error& error) {
    // The job is ending, or starts anew; nothing waits for the actor.
    log::warn("job", "{} is still in the plan: {}", actor, error.what());
  }
}

void Recovery::recover_node(const std::string& node, const std::string& why) {
  log::warn("job", "node {} was lost: {}", node, why);
  // Not under the lock: a change that waits for the node would never end.
  if (!assembly_.drop_node(node)) return;
  try {
    const std::scoped_lock lock(changing_);
    running_.wait();
    while (!place_again(node)) {
    }
  } catch (const Error& error) {
    if (error.code() == Errc::cancelled) return;
    give_up_(fmt::format("node {} was lost, and its actors could not be placed again: {}", node,
                         error.what()));
  }
}

/// False when another loss got in the way.
bool Recovery::place_again(const std::string& node) {
  if (assembly_.is_stopped()) {
    restart(fmt::format("node {} was lost", node), {});
    return true;
  }
  const std::set<std::string> lost = assembly_.lost_nodes();
  const int64_t losses = assembly_.losses();
  try {
    const std::shared_ptr<const Plan> before = assembly_.plan();
    Plan plan = assembly_.without_lost(*before);
    const std::string fewer = fewer_in(plan, *before);
    PreparedChange change = assembly_.prepare(std::move(plan));
    change.recovery = true;
    const std::string refusal = try_to_apply(std::move(change));
    if (refusal.empty()) {
      const std::string text = fmt::format("replicas of node {} run elsewhere{}", node, fewer);
      if (!fewer.empty()) log::warn("job", "{}", text);
      tell("attach", text);
    } else if (refusal != kAtEndOfStream) {
      return assembly_.lost_nodes() == lost;
    }
    // At the end of the stream nobody is needed in their place.
  } catch (const Error&) {
    if (assembly_.lost_nodes() == lost) throw;
    return false;
  }
  return assembly_.finish_recovery(losses, /*sources_are_new=*/false);
}

void Recovery::go_back(const std::string& why) {
  const std::scoped_lock lock(changing_);
  running_.wait();
  if (assembly_.is_stopped()) restart(why, {});
}

void Recovery::change(Plan plan) {
  const std::scoped_lock lock(changing_);
  running_.wait();
  if (!moves_state(*assembly_.plan(), plan)) return apply(assembly_.prepare(std::move(plan)));
  ARNO_CHECK(!ended_ && !draining_, Errc::cancelled,
             "[job] the graph was not changed: the job is ending");
  assembly_.check_on_nodes(plan);
  const std::string why = "the replicas change";
  if (spreads_state(*assembly_.plan())) {
    assembly_.finish_graph(why);
  } else {
    assembly_.stop_graph(why);
  }
  in_vain_ = 0;
  restart(why, std::move(plan));
  ARNO_CHECK(!assembly_.is_stopped(), Errc::cancelled,
             "[job] the graph was not changed: the job has ended");
}

/// Waits until the graph is as the change says, or is not: returns why.
std::string Recovery::try_to_apply(PreparedChange change) {
  auto answer = std::make_shared<std::promise<std::string>>();
  std::future<std::string> told = answer->get_future();
  assembly_.apply(std::move(change), [answer = std::move(answer)](const std::string& error) {
    answer->set_value(error);
  });
  try {
    return told.get();
  } catch (const std::future_error&) {
    return "the job has ended";  // The supervisor went without an answer.
  }
}

/// Throws cancelled when the graph is not changed.
void Recovery::apply(PreparedChange change) { throw_if_refused(try_to_apply(std::move(change))); }

/// Starts a stopped graph until it holds: under `next`, or when that fails, as it was; the error is
/// thrown then.
void Recovery::restart(const std::string& why, std::optional<Plan> next) {
  std::exception_ptr refused;
  while (assembly_.is_stopped() && !ended_) {
    if (is_in_vain()) {
      return give_up_(
          fmt::format("the job went back {} times without making a step; the last "
                      "time because {}",
                      kMostInVain, why));
    }
    try {
      start_again(why, next);
    } catch (const Error& error) {
      log::warn("job", "the graph did not start anew: {}", error.what());
      assembly_.stop_graph(why);
      if (next) {
        refused = std::current_exception();
        next.reset();
      } else if (error.code() != Errc::cancelled && cause("").empty()) {
        return give_up_(
            fmt::format("{}, and the graph could not be started anew: {}", why, error.what()));
      }
    }
  }
  if (refused) std::rethrow_exception(refused);
}

void Recovery::start_again(const std::string& why, const std::optional<Plan>& next) {
  Commit commit = assembly_.take_commit();
  const std::string because = cause(why);
  const std::shared_ptr<const Plan> before = assembly_.plan();
  const Plan plan = assembly_.without_lost(next ? *next : *before);
  const std::string text = fmt::format("{}: {} step {}{}", because, next ? "on from" : "back to",
                                       commit.step, next ? "" : fewer_in(plan, *before));
  log::warn("job", "{}", text);
  tell("back", text);
  PreparedChange change = assembly_.prepare_restart(plan, std::move(commit));
  const int64_t losses = assembly_.losses();
  const std::string refusal = try_to_apply(std::move(change));
  // What only takes in may have heard the end of its streams already: it starts anew as well.
  if (refusal == kAtEndOfStream) assembly_.stop_all();
  throw_if_refused(refusal);
  assembly_.finish_recovery(losses, /*sources_are_new=*/true);
}

/// Names the nodes that were lost since the last time; else `why`.
std::string Recovery::cause(const std::string& why) {
  const std::set<std::string> lost = assembly_.lost_nodes();
  std::vector<std::string> fresh;
  std::ranges::set_difference(lost, known_lost_, std::back_inserter(fresh));
  known_lost_ = lost;
  if (fresh.empty()) return why;
  return fmt::format("node {} was lost", fmt::join(fresh, ", node "));
}

/// Counts a return to a commit.
bool Recovery::is_in_vain() {
  const int64_t step = observer_.last_step();
  in_vain_ = step > last_step_ ? 1 : in_vain_ + 1;
  last_step_ = step;
  return in_vain_ > kMostInVain;
}

void Recovery::tell(const std::string& kind, const std::string& text) {
  observer_.on_event({kind, "", text});
}

}  // namespace arno::graph
