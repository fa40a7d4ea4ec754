// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/plan.h"

// What actors of a job have to agree on (see graph::PlanCheck).
namespace arno::actors {

/// A model shard embeds no token beyond its vocab_size and no text beyond its context_length: the
/// tokenizers before it and the evaluators after it may not make any.
void check_texts_fit_models(const graph::Plan& plan, const RawConfig& file,
                            ConfigProblems& problems);

/// An edge back to a shard reader must have room for the reader's whole window, from every sender.
/// A reader that waits until its next sample fits takes nothing in; did a sender then have to wait
/// for the reader, neither would go on.
void check_windows_fit_back_edges(const graph::Plan& plan, const RawConfig& file,
                                  ConfigProblems& problems);

/// Tasks of all evaluators have names of their own: figures are kept by task.
void check_tasks_have_one_name(const graph::Plan& plan, const RawConfig& file,
                               ConfigProblems& problems);

/// Replicas of a model shard and of its loss need a group, and equal numbers of rows.
void check_replicas_form_groups(const graph::Plan& plan, const RawConfig& file,
                                ConfigProblems& problems);

}  // namespace arno::actors
