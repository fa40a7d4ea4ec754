// SPDX-License-Identifier: Apache-2.0

// Optimiser steps of a whole model on made-up data: forward of both towers, loss, backward, AdamW.
// Prints {"rates": [...]} in images a second.
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "florence/training/trainer.h"

namespace {

using namespace arno;

constexpr int32_t kTokensOfAText = 10;  // the mean of FLD-900M, both specials included

florence::TrainingBatch make_batch(int64_t size, int64_t resolution, int64_t vocab_size) {
  Random random(RandomKey(1));
  florence::TrainingBatch batch;
  batch.images = ops::Tensor::empty({size, resolution, resolution, 3}, ops::DType::f32);
  for (float& value : batch.images.mutable_data<float>()) {
    value = static_cast<float>(random.normal());
  }
  std::vector<std::vector<int32_t>> texts(size);
  std::vector<int32_t> rows;
  for (int64_t i = 0; i < size; ++i) {
    for (int32_t t = 0; t < kTokensOfAText; ++t) {
      texts[i].push_back(static_cast<int32_t>(random.below(vocab_size)));
    }
    rows.push_back(static_cast<int32_t>(i));
    batch.labels.push_back(static_cast<int32_t>(i));
    batch.keys.push_back(RandomKey(i));
  }
  batch.texts = florence::pack_texts(texts);
  batch.text_rows = ops::Tensor::from<int32_t>({size}, rows);
  return batch;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of the training-step benchmark.");
  std::string preset = "T";
  std::string dtype = "f32";
  int64_t size = 32;
  int64_t steps = 3;
  int threads = 2;
  app.add_option("--preset", preset)->check(CLI::IsMember({"nano", "T"}));
  app.add_option("--dtype", dtype)->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--batch", size);
  app.add_option("--steps", steps);
  app.add_option("--threads", threads);
  CLI11_PARSE(app, argc, argv);
  omp_set_num_threads(threads);

  const bool nano = preset == "nano";
  florence::TrainerConfig config;
  config.model = {.preset = preset,
                  .drop_path = 0,
                  .text_width = nano ? 128 : 512,
                  .text_heads = nano ? 4 : 8,
                  .vocab_size = nano ? 4096 : 49408,
                  .compute = dtype};
  florence::TrainingConfig schedule{.batch_size = size,
                                    .stages = {{.steps = 1000, .resolution = nano ? 64 : 224}}};
  florence::Trainer trainer(config, schedule, 1);
  florence::TrainingBatch batch =
      make_batch(size, schedule.stages[0].resolution, config.model.vocab_size);

  std::vector<double> rates;
  for (int64_t step = 0; step < steps + 1; ++step) {
    const auto start = std::chrono::steady_clock::now();
    batch.step = step;
    const florence::BatchFeatures features = trainer.forward(batch);
    trainer.finish_step(ops::unicl_loss_and_gradient(features.image, features.text, batch.labels,
                                                     features.log_temperature));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (step > 0) rates.push_back(static_cast<double>(size) / taken.count());
  }
  fmt::print("{{\"rates\": [{}]}}\n", fmt::join(rates, ", "));
  return 0;
}
