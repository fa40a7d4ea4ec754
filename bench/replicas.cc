// SPDX-License-Identifier: Apache-2.0
#include "bench/replicas.h"

#include <fmt/format.h>
#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "common/stop_watch.h"
#include "io/zeromq/job_key.h"
#include "ops/comm/group_maker.h"
#include "ops/comm/local_group.h"
#include "tests/support/replicas.h"

namespace arno::bench {
namespace {

using arno::testing::on_each_rank;

/// The calling thread, and those that it starts, run on this core alone.
void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ARNO_CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, Errc::unsupported,
             "core {} cannot be used", core);
}

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

}  // namespace

florence::TrainerConfig trainer_config(const ReplicaOptions& o) {
  return {.model = {.preset = "nano",
                    .drop_path = 0,
                    .text_width = 128,
                    .text_heads = 4,
                    .vocab_size = 4096},
          .zero = o.zero};
}

florence::TrainingBatch make_batch(const ReplicaOptions& o) {
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

florence::TrainingConfig schedule(const ReplicaOptions& o) {
  return {.batch_size = o.batch,
          .stages = {{.steps = 1000, .resolution = o.resolution, .peak_lr = 1e-4}}};
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
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

Replicas::Replicas(const ReplicaOptions& o, const std::string& kind)
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

std::vector<double> Replicas::run(int64_t steps) {
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
      const florence::StepOutcome done = trainer.finish_step(ops::unicl_loss_and_gradient(
          features.image, features.text, own.labels, features.log_temperature, *loss_group_[rank]));
      if (rank > 0) continue;
      seconds.push_back(watch.lap());
      exchange_s_ += done.comm_s;
      waited_s_ += done.comm_wait_s;
    }
  });
  return seconds;
}

int64_t Replicas::gradient_bytes() const {
  return trainers_[0]->model().parameters().count() * static_cast<int64_t>(sizeof(float));
}

}  // namespace arno::bench
