// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/shard_reader_options.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace arno::actors {
namespace {

/// A source in a patch.
struct JoiningSource : SourceOptions {
  JoiningSource() { from_step = kSoon; }
};

struct SourcesPatch {
  std::vector<JoiningSource> sources;
  void fields(ConfigFields& f) {
    f.list("sources", sources, {.doc = "that join", .required = true});
  }
};

}  // namespace

void ShardReaderOptions::extend(const RawConfig& patch, ConfigProblems& problems) {
  SourcesPatch joining;
  patch.read(joining, problems);
  for (size_t i = 0; i < joining.sources.size(); ++i) {
    const JoiningSource& source = joining.sources[i];
    if (std::ranges::find(sources, source.name, &SourceOptions::name) != sources.end()) {
      problems.push_back(patch.problem_at(
          fmt::format("sources[{}].name", i),
          fmt::format("found {}, which is a source already, expected a new name", source.name)));
    }
    sources.push_back(source);
  }
}

void ShardReaderOptions::retire(const std::string& source, const RawConfig& where,
                                ConfigProblems& problems) {
  const auto found = std::ranges::find(sources, source, &SourceOptions::name);
  if (found == sources.end()) {
    std::vector<std::string> names;
    for (const SourceOptions& each : sources) names.push_back(each.name);
    problems.push_back(
        where.problem(fmt::format("found the unknown source \"{}\"{}, expected one of {}", source,
                                  did_you_mean(source, names), fmt::join(names, ", "))));
  } else if (found->until_step > 0) {
    problems.push_back(where.problem(fmt::format("found source {}, which leaves at step {} already",
                                                 source, found->until_step)));
  } else {
    found->until_step = kSoon;
  }
}

void ShardReaderOptions::fields(ConfigFields& f) {
  f.list("sources", sources, {.doc = "where samples come from", .required = true});
  f.integer("window", window, {.doc = "samples that may be under way at once", .min = 1});
  f.number("max_bad_share", max_bad_share,
           {.doc = "share of unusable samples above which the job stops", .min = 0, .max = 1});
}

void ShardReaderOptions::check(const graph::StageContext& context, const RawConfig& where,
                               ConfigProblems& problems) const {
  if (sources.empty())
    problems.push_back(where.problem("found no source, expected one", "sources"));
  if (window < context.training.batch_size) {
    problems.push_back(where.problem_at(
        "window", fmt::format("found {}, expected at least training.batch_size {}: a batch is "
                              "made of samples that are all under way",
                              window, context.training.batch_size)));
  }
  double total = 0;
  for (size_t i = 0; i < sources.size(); ++i) {
    total += sources[i].weight;
    sources[i].check(where, fmt::format("sources[{}]", i), problems);
  }
  if (!sources.empty() && total <= 0) {
    problems.push_back(where.problem_at("sources", "every weight is 0, expected one above"));
  }
}

}  // namespace arno::actors
