// SPDX-License-Identifier: Apache-2.0
#include "actors/recorder/recorder.h"

#include "common/log.h"
#include "io/image/encode.h"
#include "io/image/resize.h"

namespace arno::actors {
namespace {

/// The first shard of a folder that is not there yet.
std::filesystem::path free_shard(const std::filesystem::path& folder) {
  for (int64_t number = 0;; ++number) {
    auto path = folder / fmt::format("{:06}.tar", number);
    if (!std::filesystem::exists(path)) return path;
  }
}

}  // namespace

void RecorderOptions::fields(ConfigFields& f) {
  f.text("folder", folder,
         {.doc = "where shards are written; empty: the folder \"recorded\" of the job's output"});
  f.integer("samples", samples, {.doc = "samples to keep", .min = 1});
  f.integer("every", every, {.doc = "keep one of so many samples", .min = 1});
}

Recorder::Recorder(const RecorderOptions& options, const graph::StageContext& context)
    : options_(options),
      context_(context),
      folder_(options.folder.empty() ? context.output / "recorded"
                                     : std::filesystem::path(options.folder)) {}

Recorder::~Recorder() {
  try {
    close();
  } catch (const std::exception& error) {
    log::warn(context_.actor, "lost what it recorded: {}", error.what());
  }
}

void Recorder::on_item(int, const graph::Payload& item, graph::Outbox&) {
  if (kept_ < options_.samples && seen_++ % options_.every == 0) keep(item.get<PromptedItem>());
}

void Recorder::on_end(graph::Outbox&) { close(); }

void Recorder::keep(const PromptedItem& sample) {
  if (!shard_) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    ARNO_CHECK(!error, Errc::io_failed, "[recorder] cannot make the folder {}: {}",
               folder_.string(), error.message());
    path_ = free_shard(folder_);
    shard_.emplace(path_);
  }
  const std::string name = fmt::format("{:012}", sample.id.slot);
  const auto step = static_cast<int64_t>(sample.id.slot) / context_.training.batch_size + 1;
  shard_->add(name + ".png", io::encode_png(io::denormalize(
                                 sample.image.data<float>(), static_cast<int>(sample.image.dim(0)),
                                 static_cast<int>(sample.image.dim(1)))));
  shard_->add(name + ".txt", sample.text);
  shard_->add(name + ".json", fmt::format("{{\"slot\": {}, \"step\": {}, \"source\": {}}}\n",
                                          sample.id.slot, step, sample.id.source));
  if (++kept_ == options_.samples) close();
}

void Recorder::close() {
  if (!shard_) return;
  shard_->finish();
  shard_.reset();
  log::info(context_.actor, "wrote {} samples to {}", kept_, path_.string());
}

graph::ActorKind recorder_kind() {
  return graph::with_options<RecorderOptions, Recorder>({
      .name = "recorder",
      .doc = "Keeps samples as the model sees them in a tar shard, for a person to look at.",
      .inputs = {graph::port<PromptedItem>("samples", "PromptedItem", "with their text")},
      .outputs = {},
      .scheduling = graph::Scheduling::detached,
      .example = "samples: 1000",
  });
}

}  // namespace arno::actors
