// SPDX-License-Identifier: Apache-2.0
#include "florence/training/pipeline_slice.h"

#include <utility>

namespace arno::florence {
namespace {

constexpr BlockRange kNoBlocks{.first = 0, .end = 0};

ModelSlice slice_of(Tower tower, BlockRange blocks) {
  return {.image = tower == Tower::image ? blocks : kNoBlocks,
          .text = tower == Tower::text ? blocks : kNoBlocks,
          .top = false};
}

}  // namespace

PipelineSlice::PipelineSlice(TrainerConfig config, TrainingConfig schedule, uint64_t seed,
                             std::shared_ptr<ops::Communicator> group, Tower tower,
                             BlockRange blocks)
    : tower_(tower),
      slice_(std::move(config), std::move(schedule), seed, std::move(group),
             slice_of(tower, blocks)) {}

ops::Variable PipelineSlice::run(const MicroBatch& part, const ops::Variable& input) const {
  if (tower_ == Tower::text) return slice_.model().forward_text(part.texts, input);
  return slice_.model().forward_image(input, DropPath(part.keys));
}

MicroBatch PipelineSlice::forward(const MicroBatch& part) {
  ARNO_CHECK(part.tower == tower_, Errc::invalid_argument,
             "[pipeline_slice] got a micro-batch of the other tower");
  slice_.begin_step(part.step);
  MicroBatch out = part;
  ops::Variable input;
  if (part.input.defined()) {
    // Images need no gradient: nothing is before the first slice.
    const bool first = slice_.model().slice().image.contains(0);
    input = ops::Variable(part.input.to(slice_.config().model.compute_dtype()), !first);
  }
  if (!part.taped) {
    const ops::NoGrad no_grad;
    out.input = run(part, input).value();
    return out;
  }
  const ops::Variable output = run(part, input);
  out.input = output.value();
  tapes_.push_back({.number = part.number, .count = part.count, .input = input, .output = output});
  return out;
}

ActivationGradient PipelineSlice::backward(const ActivationGradient& gradient) {
  ARNO_CHECK(
      !tapes_.empty() && tapes_.front().number == gradient.number && gradient.step == steps_done(),
      Errc::comm_failed,
      "[pipeline_slice] got the gradient of micro-batch {} of step {}, expected that of {} "
      "of step {}",
      gradient.number, gradient.step, tapes_.empty() ? -1 : tapes_.front().number, steps_done());
  const Tape tape = std::move(tapes_.front());
  tapes_.pop_front();
  DataParallel& optimizer = slice_.optimizer();
  if (!std::exchange(in_backward_, true)) optimizer.begin_backward();
  const bool last = tape.number + 1 == tape.count;
  optimizer.set_last_part(last);
  ops::backward(tape.output, gradient.grad);
  if (last) {
    squares_ = optimizer.finish_backward();
    in_backward_ = false;
  }
  ActivationGradient out{.tower = tower_, .step = gradient.step, .number = gradient.number};
  if (tape.input.requires_grad()) out.grad = tape.input.grad();
  return out;
}

void PipelineSlice::finish_step(const StepDecision& decision) {
  ARNO_CHECK(decision.step == steps_done() && backward_is_done(), Errc::comm_failed,
             "[pipeline_slice] got the end of step {} in step {}", decision.step, steps_done());
  slice_.finish_step(decision.grad_scale);
  squares_.reset();
}

SliceState PipelineSlice::state(bool squares, bool snapshot) const {
  SliceState out{.steps_done = steps_done()};
  if (squares) out.parameter_squares = slice_.optimizer().parameter_squares();
  if (snapshot) out.snapshot = slice_.snapshot();
  return out;
}

}  // namespace arno::florence
