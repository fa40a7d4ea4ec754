// SPDX-License-Identifier: Apache-2.0

// Optimiser steps of a whole model: forward of both towers, loss, backward, AdamW. Prints one line
// of JSON: rates of whole steps and of forward alone in images a second, the loss of the first
// step, the peak of resident memory, operations of an image and the machine's rate for them.
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "bench/step_flops.h"
#include "common/stop_watch.h"
#include "florence/training/trainer.h"
#include "io/safetensors.h"
#include "ops/math/detail/gemm.h"

namespace {

using namespace arno;

constexpr int64_t kTokensOfAText = 10;  // the mean of FLD-900M, both specials included

struct Options {
  std::string inputs;
  std::string preset = "T";
  std::string dtype = "f32";
  int64_t batch = 32;
  int64_t texts = 0;
  int64_t resolution = 0;
  int64_t steps = 3;
  int threads = 2;
  bool checkpoint = false;

  bool is_nano() const { return preset == "nano"; }
  int64_t side() const { return resolution > 0 ? resolution : is_nano() ? 64 : 224; }
  int64_t unique_texts() const { return texts > 0 ? std::min(texts, batch) : batch; }
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("--inputs", o.inputs, "weights and inputs that bench/peers/train_step.py wrote");
  app.add_option("--preset", o.preset)->check(CLI::IsMember(florence::coswin_preset_names()));
  app.add_option("--dtype", o.dtype)->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--batch", o.batch);
  app.add_option("--texts", o.texts, "different texts of a batch; 0: one for each image");
  app.add_option("--resolution", o.resolution, "0: that of the preset");
  app.add_option("--steps", o.steps, "that are timed, after one that is not");
  app.add_option("--threads", o.threads);
  app.add_flag("--checkpoint", o.checkpoint, "activation checkpointing");
}

florence::TrainerConfig trainer_config(const Options& o) {
  return {.model = {.preset = o.preset,
                    .drop_path = 0,
                    .text_width = o.is_nano() ? 128 : 512,
                    .text_heads = o.is_nano() ? 4 : 8,
                    .vocab_size = o.is_nano() ? 4096 : 49408,
                    .compute = o.dtype,
                    .checkpoint_activations = o.checkpoint}};
}

/// Images and tokens as the peer's file has them.
io::TensorFile draw_inputs(const Options& o, int64_t vocab_size) {
  Random random(RandomKey(1));
  ops::Tensor images = ops::Tensor::empty({o.batch, o.side(), o.side(), 3}, ops::DType::f32);
  for (float& value : images.mutable_data<float>()) value = static_cast<float>(random.normal());
  ops::Tensor tokens = ops::Tensor::empty({o.batch, kTokensOfAText}, ops::DType::i32);
  for (int32_t& token : tokens.mutable_data<int32_t>()) {
    token = static_cast<int32_t>(random.below(vocab_size));
  }
  return {.tensors = {{"in.images", images}, {"in.tokens", tokens}}};
}

const ops::Tensor& need(const io::TensorFile& file, const std::string& name) {
  const ops::Tensor* found = file.find(name);
  ARNO_CHECK(found, Errc::data_corrupt, "[train_step] the inputs have no {}", name);
  return *found;
}

void load_weights(const io::TensorFile& file, florence::Trainer& trainer) {
  for (const florence::Parameter& parameter : trainer.model().parameters().all()) {
    ops::Variable variable = parameter.variable;
    variable.mutable_value().copy_from(need(file, "param." + parameter.name));
  }
}

florence::TrainingBatch make_batch(const Options& o, const io::TensorFile& inputs) {
  florence::TrainingBatch batch{.images = need(inputs, "in.images")};
  const auto tokens = need(inputs, "in.tokens").data<int32_t>();
  std::vector<std::vector<int32_t>> texts;
  for (int64_t i = 0; i < o.unique_texts(); ++i) {
    const auto text = tokens.subspan(i * kTokensOfAText, kTokensOfAText);
    texts.emplace_back(text.begin(), text.end());
  }
  for (int64_t i = 0; i < o.batch; ++i) {
    batch.labels.push_back(static_cast<int32_t>(i % o.unique_texts()));
    batch.keys.push_back(RandomKey(i));
  }
  batch.texts = florence::pack_texts(texts);
  batch.text_rows = ops::Tensor::from<int32_t>({o.batch}, batch.labels);
  return batch;
}

/// The most operations a second that oneDNN's product of f32 matrices reaches here: the best of
/// three shapes and several runs.
double gemm_peak() {
  double best = 0;
  for (const auto& [M, K, N] :
       {std::array<int64_t, 3>{2400, 2400, 2400}, {6272, 768, 1536}, {12544, 384, 1536}}) {
    const ops::Tensor a = ops::Tensor::full({M, K}, ops::DType::f32, 0.5);
    const ops::Tensor b = ops::Tensor::full({K, N}, ops::DType::f32, 0.5);
    const ops::Tensor out = ops::Tensor::empty({M, N}, ops::DType::f32);
    for (int run = 0; run < 6; ++run) {
      StopWatch watch;
      ops::detail::gemm({.a = a, .b = b, .out = out});
      best = std::max(best, 2.0 * static_cast<double>(M * K * N) / watch.lap());
    }
  }
  return best;
}

/// One whole step; returns its loss.
double train(florence::Trainer& trainer, florence::TrainingBatch& batch) {
  batch.step = trainer.steps_done();
  const florence::BatchFeatures features = trainer.forward(batch);
  const ops::UniclLossResult loss = ops::unicl_loss_and_gradient(
      features.image, features.text, batch.labels, features.log_temperature);
  trainer.finish_step(loss);
  return loss.loss;
}

void encode(const florence::FlorenceModel& model, const florence::TrainingBatch& batch) {
  const ops::NoGrad no_grad;
  model.encode_image(batch.images);
  model.encode_text(batch.texts);
}

/// Images a second of each of `count` calls.
template <class Work>
std::vector<double> rates_of(const Options& o, Work work) {
  std::vector<double> rates;
  for (int64_t i = 0; i < o.steps; ++i) {
    StopWatch watch;
    work();
    rates.push_back(static_cast<double>(o.batch) / watch.lap());
  }
  return rates;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

int64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  fail(Errc::io_failed, "[train_step] /proc/self/status has no VmHWM");
}

void measure(const Options& o) {
  const double peak_flops = gemm_peak();
  const florence::TrainerConfig config = trainer_config(o);
  florence::Trainer trainer(
      config, {.batch_size = o.batch, .stages = {{.steps = 1000, .resolution = o.side()}}}, 1);
  florence::TrainingBatch batch;
  if (o.inputs.empty()) {
    batch = make_batch(o, draw_inputs(o, config.model.vocab_size));
  } else {
    const io::TensorFile inputs = io::read_safetensors(o.inputs);
    load_weights(inputs, trainer);
    batch = make_batch(o, inputs);
    batch.images = batch.images.clone();  // lets go of the file
  }
  const double loss = train(trainer, batch);
  reset_peak_memory();
  const std::vector<double> rates = rates_of(o, [&] { train(trainer, batch); });
  const int64_t peak_bytes = peak_memory_bytes();
  encode(trainer.model(), batch);
  const std::vector<double> forward_rates = rates_of(o, [&] { encode(trainer.model(), batch); });
  const bench::StepFlops flops =
      bench::step_flops(config.model, o.side(), kTokensOfAText,
                        static_cast<double>(o.unique_texts()) / static_cast<double>(o.batch));
  fmt::print(
      "{{\"rates\": [{}], \"forward_rates\": [{}], \"loss\": {:.9}, \"peak_bytes\": {}, "
      "\"step_flops\": {:.6e}, \"forward_flops\": {:.6e}, \"peak_flops\": {:.4e}}}\n",
      fmt::join(rates, ", "), fmt::join(forward_rates, ", "), loss, peak_bytes, flops.step,
      flops.forward, peak_flops);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of the training-step benchmark.");
  Options options;
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  omp_set_num_threads(options.threads);
  try {
    measure(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "train_step: {}\n", error.what());
    return 1;
  }
  return 0;
}
