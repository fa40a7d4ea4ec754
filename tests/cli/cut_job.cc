// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/cut_job.h"

#include <fmt/format.h>

namespace arno::cli {
namespace {

/// Adds to a job the shards that a cut asks for.
class Cutter {
 public:
  /// `trainer`: the model's options.
  Cutter(TinyJob tiny, const Cut& cut, const std::string& trainer)
      : job_(std::move(tiny)),
        cut_(cut),
        more_(cut.training.empty() ? "" : ", " + cut.training),
        model_(trainer + more_) {
    const size_t micro = cut.training.find("micro_batch: ");
    job_.model_options = "evaluate_every: 6" + more_;
    actor("split", "micro_batcher", micro == std::string::npos ? "" : cut.training.substr(micro));
    edge("batch.batches", "split.batches");
    tower("image", cut.image);
    tower("text", cut.text ? std::vector<int>{1} : std::vector<int>{});
  }
  TinyJob take() { return std::move(job_); }

 private:
  void actor(const std::string& name, const std::string& kind, const std::string& options) {
    job_.more_actors += fmt::format("  {}:\n    kind: {}\n    replicas: {}\n    options: {{{}}}\n",
                                    name, kind, job_.model_replicas, options);
  }
  void edge(const std::string& from, const std::string& to, int capacity = 1) {
    job_.more_edges += fmt::format("  - {{from: {}, to: {}, capacity: {}}}\n", from, to,
                                   capacity * job_.model_replicas);
  }
  void tower(const std::string& name, const std::vector<int>& cuts) {
    if (cuts.empty()) return;
    std::string before = fmt::format("split.{}s", name);
    for (size_t i = 0; i < cuts.size(); ++i) {
      const std::string shard = fmt::format("{}{}", name, i);
      actor(shard, "pipeline_shard",
            fmt::format("tower: {}, from: {}, to: {}, threads: 1, {}", name,
                        i == 0 ? 0 : cuts[i - 1], cuts[i], model_));
      if (i < cut_.nodes.size()) {
        job_.more_actors += fmt::format("    nodes: [{}, local]\n", cut_.nodes[i]);
      }
      edge(before, shard + ".activations", cut_.capacity);
      edge(i + 1 == cuts.size() ? fmt::format("model.{}_gradients", name)
                                : fmt::format("{}{}.gradients", name, i + 1),
           shard + ".gradients");
      before = shard + ".activations";
      group(shard);
    }
    edge(before, fmt::format("model.{}_activations", name), cut_.capacity);
    job_.model_options += fmt::format(", {}_from: {}", name, cuts.back());
  }
  void group(const std::string& shard) {
    if (job_.model_replicas == 1) return;
    actor("reduce_" + shard, "gradient_allreduce", "");
    edge(fmt::format("reduce_{}.gradients", shard), shard + ".group");
  }

  TinyJob job_;
  const Cut& cut_;
  std::string more_;
  std::string model_;
};

}  // namespace

TinyJob cut_job(TinyJob tiny, const Cut& cut, const std::string& trainer) {
  return Cutter(std::move(tiny), cut, trainer).take();
}

TinyJob whole_job(TinyJob tiny, const Cut& cut) {
  tiny.model_options = "evaluate_every: 6";
  if (!cut.training.empty()) tiny.model_options += ", " + cut.training;
  return tiny;
}

}  // namespace arno::cli
