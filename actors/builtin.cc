// SPDX-License-Identifier: Apache-2.0
#include "actors/builtin.h"

#include "actors/augmenter/augmenter.h"
#include "actors/batcher/batcher.h"
#include "actors/checkpointer/checkpointer.h"
#include "actors/codecs/codecs.h"
#include "actors/contrastive_loss/contrastive_loss.h"
#include "actors/decoder/decoder.h"
#include "actors/evaluator/evaluator.h"
#include "actors/gradient_allreduce/gradient_allreduce.h"
#include "actors/micro_batcher/micro_batcher.h"
#include "actors/model_shard/model_shard.h"
#include "actors/pipeline_checks.h"
#include "actors/pipeline_shard/pipeline_shard.h"
#include "actors/plan_checks.h"
#include "actors/prompt_sampler/prompt_sampler.h"
#include "actors/recorder/recorder.h"
#include "actors/shard_reader/shard_reader.h"
#include "actors/tokenizer/tokenizer.h"

namespace arno::actors {

void register_builtin_actors(graph::Registry& registry) {
  // Sorted by name, one a line.
  registry.add(augmenter_kind());
  registry.add(batcher_kind());
  registry.add(checkpointer_kind());
  registry.add(contrastive_loss_kind());
  registry.add(decoder_kind());
  registry.add(evaluator_kind());
  registry.add(gradient_allreduce_kind());
  registry.add(micro_batcher_kind());
  registry.add(model_shard_kind());
  registry.add(pipeline_shard_kind());
  registry.add(prompt_sampler_kind());
  registry.add(recorder_kind());
  registry.add(shard_reader_kind());
  registry.add(tokenizer_kind());

  add_sample_codecs(registry);
  add_training_codecs(registry);
  add_pipeline_codecs(registry);

  registry.add_check(check_texts_fit_models);
  registry.add_check(check_windows_fit_back_edges);
  registry.add_check(check_replicas_form_groups);
  registry.add_check(check_tasks_have_one_name);
  registry.add_check(check_pipelines);
}

}  // namespace arno::actors
