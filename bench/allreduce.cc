// SPDX-License-Identifier: Apache-2.0

// Data-parallel steps of a nano model on two cores.
//     allreduce one                  one process, two threads
//     allreduce two --group local    replicas in one process, one thread each
//     allreduce hidden               what the exchange over Gloo costs a step beside what it takes
//     allreduce hidden --spare-core  the same where computation leaves one core to the exchange
//     allreduce profile              what the parts of a replica's step take, and its exchanges
// Prints one line of JSON: rates of whole steps in images a second, or seconds of each part.
#include <fmt/format.h>
#include <gloo/allreduce.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/hash_store.h>
#include <gloo/transport/tcp/device.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "bench/replicas.h"
#include "common/stop_watch.h"
#include "tests/support/replicas.h"

namespace {

using namespace arno;
using namespace arno::bench;
using arno::testing::on_each_rank;

constexpr int64_t kBucketBytes = 4 << 20;

struct Options : ReplicaOptions {
  std::string mode;
};

std::vector<double> run_whole(const Options& o) {
  omp_set_num_threads(2);
  florence::Trainer trainer(trainer_config(o), schedule(o), 1);
  florence::TrainingBatch batch = make_batch(o);
  std::vector<double> seconds;
  for (int64_t i = 0; i <= o.steps; ++i) {
    StopWatch watch;
    batch.step = trainer.steps_done();
    const florence::BatchFeatures features = trainer.forward(batch);
    trainer.finish_step(ops::unicl_loss_and_gradient(features.image, features.text, batch.labels,
                                                     features.log_temperature));
    if (i > 0) seconds.push_back(watch.lap());
  }
  return seconds;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Seconds in which the ranks sum `bytes` in buckets and do nothing else.
double ours_alone(const Options& o, const std::string& kind, int64_t bytes) {
  const Group group = make_group(kind, o.replicas);
  std::vector<double> seconds;
  on_each_rank(o.replicas, [&](int64_t rank) {
    omp_set_num_threads(1);
    for (int run = 0; run < 9; ++run) {
      group[rank]->barrier();
      StopWatch watch;
      for (int64_t done = 0; done < bytes; done += kBucketBytes) {
        ops::Tensor bucket =
            ops::Tensor::zeros({std::min(kBucketBytes, bytes - done) / 4}, ops::DType::f32);
        group[rank]->all_reduce(bucket);
      }
      if (rank == 0) seconds.push_back(watch.lap());
    }
  });
  return median(seconds);
}

/// The same with Gloo's own allreduce.
double gloo_alone(const Options& o, int64_t bytes) {
  gloo::rendezvous::HashStore store;
  std::vector<double> seconds;
  on_each_rank(o.replicas, [&](int64_t rank) {
    auto device = gloo::transport::tcp::CreateDevice("127.0.0.1");
    const auto context = std::make_shared<gloo::rendezvous::Context>(static_cast<int>(rank),
                                                                     static_cast<int>(o.replicas));
    context->connectFullMesh(store, device);
    std::vector<float> bucket(kBucketBytes / sizeof(float));
    for (int run = 0; run < 9; ++run) {
      StopWatch watch;
      for (int64_t done = 0; done < bytes; done += kBucketBytes) {
        gloo::AllreduceOptions options(context);
        options.setOutput(bucket.data(), std::min(kBucketBytes, bytes - done) / sizeof(float));
        options.setReduceFunction(
            static_cast<void (*)(void*, const void*, const void*, size_t)>(&gloo::sum<float>));
        gloo::allreduce(options);
      }
      if (rank == 0) seconds.push_back(watch.lap());
    }
  });
  return median(seconds);
}

void print_rates(const Options& o, const std::vector<double>& seconds) {
  std::vector<double> rates;
  for (const double step : seconds) rates.push_back(static_cast<double>(o.batch) / step);
  fmt::print("{{\"rates\": [{:.2f}]}}\n", fmt::join(rates, ", "));
}

void print_hidden(const Options& o) {
  Replicas silent(o, "none");
  Replicas exchanging(o, "gloo");
  std::vector<double> without, with;
  for (int64_t round = 0; round < o.rounds; ++round) {
    for (const double step : exchanging.run(o.steps)) with.push_back(step);
    for (const double step : silent.run(o.steps)) without.push_back(step);
  }
  const double alone = gloo_alone(o, silent.gradient_bytes());
  const double exposed = median(with) - median(without);
  fmt::print(
      "{{\"gradient_mb\": {:.1f}, \"step_s\": {:.4f}, \"step_without_exchange_s\": {:.4f}, "
      "\"gloo_alone_s\": {:.4f}, \"ours_alone_s\": {:.4f}, \"hidden\": {:.3f}, "
      "\"not_waited_for\": {:.3f}}}\n",
      static_cast<double>(silent.gradient_bytes()) / 1e6, median(with), median(without), alone,
      ours_alone(o, "gloo", silent.gradient_bytes()), 1 - exposed / alone,
      exchanging.not_waited_for());
}

/// The parts of a step of one replica that computes alone on a core. Seconds.
struct StepProfile {
  double forward_s = 0;
  double loss_s = 0;
  double backward_s = 0;
  double optimizer_s = 0;
  std::vector<AskedSum> buckets;  ///< seconds since the backward began
};

StepProfile profile_of_step(const Options& o) {
  omp_set_num_threads(1);
  const auto member = std::make_shared<SilentMember>(0, 2);
  florence::Trainer trainer(trainer_config(o), schedule(o), 1, member);
  const int64_t rows = o.batch / o.replicas;
  florence::TrainingBatch own = florence::rows_of(make_batch(o), 0, rows);
  std::vector<StepProfile> steps;
  for (int64_t i = 0; i <= o.steps; ++i) {
    StopWatch watch;
    StepProfile step;
    own.step = trainer.steps_done();
    const florence::BatchFeatures features = trainer.forward(own);
    step.forward_s = watch.lap();
    const auto loss = ops::unicl_loss_and_gradient(features.image, features.text, own.labels,
                                                   features.log_temperature);
    step.loss_s = watch.lap();
    const size_t sums = member->sums().size();
    const double begin = seconds_now();
    const florence::StepOutcome done = trainer.finish_step(loss);
    step.backward_s = done.backward_s;
    step.optimizer_s = done.optimizer_s;
    for (size_t k = sums; k < member->sums().size(); ++k) {
      step.buckets.push_back({member->sums()[k].at_s - begin, member->sums()[k].bytes});
    }
    steps.push_back(std::move(step));
  }
  std::ranges::nth_element(steps, steps.begin() + steps.size() / 2, {}, &StepProfile::backward_s);
  return steps[steps.size() / 2];
}

void print_profile(const Options& o) {
  const StepProfile step = profile_of_step(o);
  std::vector<std::string> buckets;
  for (const AskedSum& bucket : step.buckets) {
    buckets.push_back(fmt::format("[{:.6f}, {}]", bucket.at_s, bucket.bytes));
  }
  Options two = o;
  two.replicas = 2;
  constexpr int64_t kSmall = 64 << 10;
  constexpr int64_t kLarge = 32 << 20;
  fmt::print(
      "{{\"forward_s\": {:.6f}, \"loss_s\": {:.6f}, \"backward_s\": {:.6f}, "
      "\"optimizer_s\": {:.6f}, \"buckets\": [{}], \"small_bytes\": {}, \"small_s\": {:.6f}, "
      "\"large_bytes\": {}, \"large_s\": {:.6f}}}\n",
      step.forward_s, step.loss_s, step.backward_s, step.optimizer_s, fmt::join(buckets, ", "),
      kSmall, ours_alone(two, o.group, kSmall), kLarge, ours_alone(two, o.group, kLarge));
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Data-parallel steps on two cores");
  app.add_option("mode", o.mode)
      ->required()
      ->check(CLI::IsMember({"one", "two", "hidden", "profile"}));
  app.add_option("--group", o.group)->check(CLI::IsMember({"local", "gloo", "tls", "none"}));
  app.add_option("--zero", o.zero, "what is spread over the replicas");
  app.add_option("--replicas", o.replicas);
  app.add_option("--batch", o.batch, "of all replicas together");
  app.add_option("--resolution", o.resolution);
  app.add_option("--steps", o.steps, "that are timed, after one that is not");
  app.add_option("--rounds", o.rounds, "of hidden");
  app.add_flag("--spare-core", o.spare_core, "of hidden: computation on core 0, exchange on 1");
  CLI11_PARSE(app, argc, argv);
  try {
    if (o.mode == "one") print_rates(o, run_whole(o));
    if (o.mode == "two") print_rates(o, Replicas(o, o.group).run(o.steps));
    if (o.mode == "hidden") print_hidden(o);
    if (o.mode == "profile") print_profile(o);
  } catch (const std::exception& error) {
    fmt::print(stderr, "allreduce: {}\n", error.what());
    return 1;
  }
  return 0;
}
