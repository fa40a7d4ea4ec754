// SPDX-License-Identifier: Apache-2.0

// What the graph runtime costs. The same arithmetic for each item as a plain loop (`loop`) and as
// the graph source -> map -> ... -> sink (`graph`), each map with as many replicas as are asked
// for. `edge` sends items without work over the one edge of source -> sink, `caf` as many messages
// between two bare CAF actors. Prints {"rates": [...]} in items a second. With --against two sides
// take turns, and it prints {"items": ..., "pairs": [[seconds, seconds of CPU, and both of the
// other side], ...]}. The graph writes a trace where --trace names a file.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "bench/bare_caf.h"
#include "common/error.h"
#include "common/random.h"
#include "graph/job.h"
#include "graph/plan.h"

namespace {

using namespace arno;
using namespace arno::graph;

constexpr int64_t kCapacity = 64;  // of an edge, in items

struct Settings {
  int64_t items = 2000;
  int64_t rounds = 20000;  ///< of mixing for one map, about 100 microseconds
  int64_t maps = 2;        ///< between the source and the sink
  int64_t replicas = 1;    ///< of a map
  int64_t workers = 1;     ///< threads of either side

  void fields(ConfigFields& f) {
    f.integer("items", items, {.doc = "sent by the source and expected by the sink", .min = 1});
    f.integer("rounds", rounds, {.doc = "of work for an item in a map", .min = 0});
  }
  void check(const StageContext&, const RawConfig&, ConfigProblems&) const {}
};

struct Number {
  int64_t slot = 0;
  uint64_t value = 0;
};
ItemTag item_tag(const Number& number) { return {.slot = number.slot}; }

uint64_t work(uint64_t value, int64_t rounds) {
  for (int64_t i = 0; i < rounds; ++i) value = mix64(value + 1);
  return value;
}

class SourceStage final : public Stage {
 public:
  SourceStage(Settings settings, const StageContext&) : settings_(settings) {}
  void on_item(int, const Payload&, Outbox&) override {}
  Produced produce(Outbox& out) override {
    if (next_ == settings_.items) return Produced::finished;
    out.emit(0, Payload::of(Number{next_, static_cast<uint64_t>(next_)}, sizeof(Number)));
    ++next_;
    return Produced::item;
  }

 private:
  Settings settings_;
  int64_t next_ = 0;
};

class MapStage final : public Stage {
 public:
  MapStage(Settings settings, const StageContext&) : settings_(settings) {}
  void on_item(int, const Payload& item, Outbox& out) override {
    Number number = item.get<Number>();
    number.value = work(number.value, settings_.rounds);
    out.emit(0, Payload::of(number, sizeof(Number)));
  }

 private:
  Settings settings_;
};

class SinkStage final : public Stage {
 public:
  SinkStage(Settings settings, const StageContext&) : settings_(settings) {}
  void on_item(int, const Payload& item, Outbox&) override {
    ++items_;
    digest_ += item.get<Number>().value;
  }
  void on_end(Outbox&) override {
    ARNO_CHECK(items_ == settings_.items && digest_ != 0, Errc::invalid_argument,
               "[sink] got {} items, expected {}", items_, settings_.items);
  }

 private:
  Settings settings_;
  int64_t items_ = 0;
  uint64_t digest_ = 0;
};

Registry make_registry() {
  const Port in = port<Number>("in", "number", "");
  const Port out = port<Number>("out", "number", "");
  Registry registry;
  registry.add(with_options<Settings, SourceStage>({.name = "source", .outputs = {out}}));
  registry.add(with_options<Settings, MapStage>(
      {.name = "map", .inputs = {in}, .outputs = {out}, .replicable = true}));
  registry.add(with_options<Settings, SinkStage>({.name = "sink", .inputs = {in}}));
  return registry;
}

std::string chain(const Settings& settings) {
  std::string actors;
  std::string edges;
  std::string last = "source";
  const auto add = [&](const std::string& name, std::string_view kind) {
    actors +=
        fmt::format("  {}: {{kind: {}, replicas: {}, options: {{items: {}, rounds: {}}}}}\n", name,
                    kind, kind == "map" ? settings.replicas : 1, settings.items, settings.rounds);
    if (name == "source") return;
    edges += fmt::format("  - {{from: {}.out, to: {}.in, capacity: {}}}\n", last, name, kCapacity);
    last = name;
  };
  add("source", "source");
  for (int64_t i = 0; i < settings.maps; ++i) add(fmt::format("map{}", i), "map");
  add("sink", "sink");
  return fmt::format("job: bench\noutput: none\nworkers: {}\nactors:\n{}edges:\n{}",
                     settings.workers, actors, edges);
}

/// What a side takes: time, and work of all threads in it.
struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;  ///< user and system
};

double cpu_seconds_now() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <class Work>
Cost cost_of(Work work) {
  const double cpu = cpu_seconds_now();
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return {taken.count(), cpu_seconds_now() - cpu};
}

Cost cost_of_graph(const Settings& settings, const std::string& trace_file) {
  const Registry registry = make_registry();
  ConfigProblems problems;
  Plan plan = make_plan(RawConfig::from_text(chain(settings)), registry, problems);
  throw_if_any(problems);
  StageContext context = base_context(plan.config);
  std::optional<monitoring::Trace> trace;
  if (!trace_file.empty()) context.trace = &trace.emplace(trace_file, plan.config.job);
  Job job(std::move(plan), context);
  JobResult result;
  const Cost cost = cost_of([&] {
    job.start();
    result = job.wait();
  });
  ARNO_CHECK(result.outcome == JobResult::Outcome::completed, Errc::invalid_argument, "{}",
             result.error);
  return cost;
}

/// The threads take the next item each, so that a core that is slow for a while delays little.
Cost cost_of_loop(const Settings& settings) {
  std::atomic<int64_t> next = 0;
  std::atomic<uint64_t> digest = 0;
  const auto run = [&] {
    uint64_t sum = 0;
    for (int64_t i = next++; i < settings.items; i = next++) {
      uint64_t value = static_cast<uint64_t>(i);
      for (int64_t k = 0; k < settings.maps; ++k) value = work(value, settings.rounds);
      sum += value;
    }
    digest += sum;
  };
  const Cost cost = cost_of([&] {
    std::vector<std::thread> threads;
    for (int64_t worker = 1; worker < settings.workers; ++worker) threads.emplace_back(run);
    run();
    for (std::thread& thread : threads) thread.join();
  });
  ARNO_CHECK(digest != 0, Errc::invalid_argument, "the loop did nothing");
  return cost;
}

Cost cost_of(const std::string& side, Settings settings, const std::string& trace) {
  if (side == "loop") return cost_of_loop(settings);
  if (side == "caf") return {bench::seconds_of_bare_caf(settings.items, kCapacity)};
  if (side == "edge") settings.maps = 0;
  return cost_of_graph(settings, trace);
}

void print_rates(const std::string& side, const Settings& settings, int repeats,
                 const std::string& trace) {
  std::vector<double> rates;
  for (int i = 0; i < repeats; ++i) {
    rates.push_back(static_cast<double>(settings.items) / cost_of(side, settings, trace).seconds);
  }
  fmt::print("{{\"rates\": [{}]}}\n", fmt::join(rates, ", "));
}

void print_pairs(const std::string& side, const std::string& other, const Settings& settings,
                 int repeats) {
  std::vector<std::array<double, 4>> pairs;
  for (int i = 0; i < repeats; ++i) {
    // A machine that grows slower over a pair would favour the one that is always first.
    const bool first = i % 2 == 0;
    Cost costs[2];
    for (const bool ours : {first, !first}) {
      costs[ours ? 0 : 1] = cost_of(ours ? side : other, settings, "");
    }
    pairs.push_back(
        {costs[0].seconds, costs[0].cpu_seconds, costs[1].seconds, costs[1].cpu_seconds});
  }
  fmt::print("{{\"items\": {}, \"pairs\": [{}]}}\n", settings.items, fmt::join(pairs, ", "));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of the runtime benchmark, or two in turn.");
  std::string side;
  std::string other;
  std::string trace;
  Settings settings;
  int repeats = 3;
  const CLI::IsMember sides({"graph", "loop", "edge", "caf"});
  app.add_option("side", side)->required()->check(sides);
  app.add_option("--against", other)->check(sides);
  app.add_option("--items", settings.items);
  app.add_option("--rounds", settings.rounds);
  app.add_option("--maps", settings.maps);
  app.add_option("--replicas", settings.replicas);
  app.add_option("--workers", settings.workers);
  app.add_option("--repeats", repeats);
  app.add_option("--trace", trace);
  CLI11_PARSE(app, argc, argv);
  try {
    if (other.empty()) {
      print_rates(side, settings, repeats, trace);
    } else {
      print_pairs(side, other, settings, repeats);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "runtime_overhead: {}\n", error.what());
    return 1;
  }
  return 0;
}
