// SPDX-License-Identifier: Apache-2.0

// What the graph runtime costs. The same arithmetic for each item as a plain loop on one thread
// (`loop`) and as the graph source -> map -> map -> sink on one worker (`graph`): prints
// {"rates": [...]} in items a second. `edge` sends items without work over the one edge of
// source -> sink and prints {"ns_per_item": [...]}. Both write a trace where --trace names a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>

#include "common/error.h"
#include "common/random.h"
#include "graph/job.h"
#include "graph/plan.h"

namespace {

using namespace arno;
using namespace arno::graph;

struct Settings {
  int64_t items = 2000;
  int64_t rounds = 20000;  ///< of mixing for one map, about 100 microseconds
  int64_t workers = 1;

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
  registry.add(with_options<Settings, MapStage>({.name = "map", .inputs = {in}, .outputs = {out}}));
  registry.add(with_options<Settings, SinkStage>({.name = "sink", .inputs = {in}}));
  return registry;
}

/// A chain of stages, `maps` of them maps.
std::string chain(const Settings& settings, int maps) {
  std::string actors;
  std::string edges;
  std::string last = "source";
  const auto add = [&](const std::string& name, std::string_view kind) {
    actors += fmt::format("  {}: {{kind: {}, options: {{items: {}, rounds: {}}}}}\n", name, kind,
                          settings.items, settings.rounds);
    if (name == "source") return;
    edges += fmt::format("  - {{from: {}.out, to: {}.in, capacity: 64}}\n", last, name);
    last = name;
  };
  add("source", "source");
  for (int i = 0; i < maps; ++i) add(fmt::format("map{}", i), "map");
  add("sink", "sink");
  return fmt::format("job: bench\noutput: none\nworkers: {}\nactors:\n{}edges:\n{}",
                     settings.workers, actors, edges);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double seconds_of_graph(const Settings& settings, int maps, const std::string& trace_file) {
  const Registry registry = make_registry();
  ConfigProblems problems;
  Plan plan = make_plan(RawConfig::from_text(chain(settings, maps)), registry, problems);
  throw_if_any(problems);
  StageContext context = base_context(plan.config);
  std::optional<monitoring::Trace> trace;
  if (!trace_file.empty()) context.trace = &trace.emplace(trace_file, plan.config.job);
  Job job(std::move(plan), context);
  const auto start = std::chrono::steady_clock::now();
  job.start();
  const JobResult result = job.wait();
  const double taken = seconds_since(start);
  ARNO_CHECK(result.outcome == JobResult::Outcome::completed, Errc::invalid_argument, "{}",
             result.error);
  return taken;
}

double seconds_of_loop(const Settings& settings) {
  uint64_t digest = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < settings.items; ++i) {
    const uint64_t once = work(static_cast<uint64_t>(i), settings.rounds);
    digest += work(once, settings.rounds);
  }
  const double taken = seconds_since(start);
  ARNO_CHECK(digest != 0, Errc::invalid_argument, "the loop did nothing");
  return taken;
}

void measure(const std::string& side, const Settings& settings, int repeats,
             const std::string& trace) {
  constexpr double kNanoseconds = 1e9;
  std::vector<double> figures;
  const auto items = static_cast<double>(settings.items);
  for (int i = 0; i < repeats; ++i) {
    if (side == "edge")
      figures.push_back(seconds_of_graph(settings, 0, trace) / items * kNanoseconds);
    if (side == "graph") figures.push_back(items / seconds_of_graph(settings, 2, trace));
    if (side == "loop") figures.push_back(items / seconds_of_loop(settings));
  }
  fmt::print("{{\"{}\": [{}]}}\n", side == "edge" ? "ns_per_item" : "rates",
             fmt::join(figures, ", "));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of the runtime benchmark.");
  std::string side;
  std::string trace;
  Settings settings;
  int repeats = 3;
  app.add_option("side", side)->required()->check(CLI::IsMember({"graph", "loop", "edge"}));
  app.add_option("--items", settings.items);
  app.add_option("--rounds", settings.rounds);
  app.add_option("--workers", settings.workers);
  app.add_option("--repeats", repeats);
  app.add_option("--trace", trace);
  CLI11_PARSE(app, argc, argv);
  try {
    measure(side, settings, repeats, trace);
  } catch (const std::exception& error) {
    fmt::print(stderr, "runtime_overhead: {}\n", error.what());
    return 1;
  }
  return 0;
}
