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
#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "common/stop_watch.h"
#include "florence/training/trainer.h"
#include "io/zeromq/job_key.h"
#include "ops/comm/group_maker.h"
#include "ops/comm/local_group.h"
#include "tests/support/replicas.h"

namespace {

using namespace arno;
using arno::testing::on_each_rank;

constexpr int64_t kBucketBytes = 4 << 20;

struct Options {
  std::string mode;
  std::string group = "local";
  int64_t replicas = 2;
  int64_t batch = 128;
  int64_t resolution = 64;
  int64_t steps = 5;
  int64_t rounds = 3;
  int64_t zero = 0;
  bool spare_core = false;
};

/// The calling thread, and those that it starts, run on this core alone.
void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ARNO_CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, Errc::unsupported,
             "core {} cannot be used", core);
}

florence::TrainerConfig trainer_config(const Options& o) {
  return {.model = {.preset = "nano",
                    .drop_path = 0,
                    .text_width = 128,
                    .text_heads = 4,
                    .vocab_size = 4096},
          .zero = o.zero};
}

florence::TrainingBatch make_batch(const Options& o) {
  constexpr int64_t kTokensOfAText = 10;
  Random random(RandomKey(1));
  florence::TrainingBatch batch;
  batch.images = ops::Tensor::empty({o.batch, o.resolution, o.resolution, 3}, ops::DType::f32);
  for (float& value : batch.images.mutable_data<float>()) {
    value = static_cast<float>(random.normal());
  }
  std::vector<std::vector<int32_t>> texts(o.batch);
  for (int64_t i = 0; i < o.batch; ++i) {
    for (int64_t k = 0; k < kTokensOfAText; ++k) {
      texts[i].push_back(static_cast<int32_t>(random.below(4096)));
    }
    batch.labels.push_back(static_cast<int32_t>(i));
    batch.keys.push_back(RandomKey(i));
  }
  batch.texts = florence::pack_texts(texts);
  batch.text_rows = ops::Tensor::from<int32_t>({o.batch}, batch.labels);
  return batch;
}

florence::TrainingConfig schedule(const Options& o) {
  return {.batch_size = o.batch,
          .stages = {{.steps = 1000, .resolution = o.resolution, .peak_lr = 1e-4}}};
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A sum that was asked for.
struct AskedSum {
  double at_s = 0;
  int64_t bytes = 0;
};

/// A member that exchanges nothing: what a step takes without communication.
class SilentMember final : public ops::Communicator {
 public:
  SilentMember(int64_t rank, int64_t size) : rank_(rank), size_(size) {}
  int64_t rank() const override { return rank_; }
  int64_t size() const override { return size_; }
  ops::Tensor all_gather(const ops::Tensor& own) override {
    return ops::Tensor::zeros(own.shape().with(0, own.dim(0) * size_), own.dtype());
  }
  void all_reduce(ops::Tensor& values) override {
    sums_.push_back({seconds_now(), static_cast<int64_t>(values.size_bytes())});
  }
  ops::Tensor reduce_scatter(const ops::Tensor& values) override {
    return values.narrow(0, values.dim(0) / size_);
  }
  void broadcast(ops::Tensor&, int64_t) override {}
  void barrier() override {}
  void abort(const std::string&) noexcept override {}

  /// Used while no sum is under way.
  const std::vector<AskedSum>& sums() const { return sums_; }

 private:
  int64_t rank_;
  int64_t size_;
  std::vector<AskedSum> sums_;
};

using Group = std::vector<std::shared_ptr<ops::Communicator>>;

/// A job key that goes with the program.
class BenchKey {
 public:
  BenchKey() { io::make_job_key(folder_); }
  ~BenchKey() { std::filesystem::remove_all(folder_); }
  ops::TlsFiles files() const {
    const io::KeyFolder files = io::key_folder(folder_);
    return {.certificate = files.certificate, .private_key = files.private_key};
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("arno-bench-key-{}", ::getpid());
};

std::shared_ptr<ops::GroupMaker> maker_of(const std::string& kind) {
  if (kind == "gloo") return ops::gloo_groups(ops::memory_store(), "127.0.0.1");
  if (kind == "tls") {
    static const BenchKey key;
    return ops::tls_groups(ops::memory_store(), "127.0.0.1", key.files());
  }
  return ops::local_groups();
}

Group make_group(const std::string& kind, int64_t size) {
  Group group(size);
  const auto maker = maker_of(kind);
  on_each_rank(size, [&](int64_t rank) {
    group[rank] = kind == "none" ? std::make_shared<SilentMember>(rank, size)
                                 : maker->join("bench", rank, size, {});
  });
  return group;
}

/// Replicas that keep their state between calls of run().
class Replicas {
 public:
  Replicas(const Options& o, const std::string& kind)
      : options_(o), batch_(make_batch(o)), loss_group_(ops::local_group(o.replicas)) {
    // The threads of the exchange start here.
    if (o.spare_core) pin_to(1);
    const Group group = make_group(kind, o.replicas);
    for (int64_t rank = 0; rank < o.replicas; ++rank) {
      trainers_.push_back(
          std::make_unique<florence::Trainer>(trainer_config(o), schedule(o), 1, group[rank]));
    }
    run(1);
  }

  /// Seconds of each step, as the first replica sees them. What the loss needs is exchanged always.
  std::vector<double> run(int64_t steps) {
    std::vector<double> seconds;
    on_each_rank(options_.replicas, [&](int64_t rank) {
      omp_set_num_threads(1);
      if (options_.spare_core) pin_to(0);
      florence::Trainer& trainer = *trainers_[rank];
      const int64_t rows = options_.batch / options_.replicas;
      florence::TrainingBatch own = florence::rows_of(batch_, rank * rows, rows);
      loss_group_[rank]->barrier();
      StopWatch watch;
      for (int64_t i = 0; i < steps; ++i) {
        own.step = trainer.steps_done();
        const florence::BatchFeatures features = trainer.forward(own);
        const florence::StepOutcome done = trainer.finish_step(
            ops::unicl_loss_and_gradient(features.image, features.text, own.labels,
                                         features.log_temperature, *loss_group_[rank]));
        if (rank > 0) continue;
        seconds.push_back(watch.lap());
        exchange_s_ += done.comm_s;
        waited_s_ += done.comm_wait_s;
      }
    });
    return seconds;
  }

  /// The share of the exchange for which computation did not wait.
  double not_waited_for() const { return 1 - waited_s_ / exchange_s_; }

  int64_t gradient_bytes() const {
    return trainers_[0]->model().parameters().count() * static_cast<int64_t>(sizeof(float));
  }

 private:
  Options options_;
  florence::TrainingBatch batch_;
  Group loss_group_;
  std::vector<std::unique_ptr<florence::Trainer>> trainers_;
  double exchange_s_ = 0;
  double waited_s_ = 0;
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
