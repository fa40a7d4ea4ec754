// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "ops/autograd/variable.h"

namespace arno::florence {

/// Brings parameters into memory while they are used, for those that replicas keep a part each of.
/// A part of a model is named by the prefix of its parameters' names.
class ParameterSource {
 public:
  virtual ~ParameterSource() = default;
  /// The part's parameters have values until as many release() calls. Every replica makes the same
  /// calls in the same order. Throws comm_failed.
  virtual void acquire(const std::string& part) = 0;
  virtual void release(const std::string& part) = 0;
};

/// Holds a part; of no source, nothing.
class AcquiredPart {
 public:
  AcquiredPart(ParameterSource* source, std::string part)
      : source_(source), part_(std::move(part)) {
    if (source_) source_->acquire(part_);
  }
  ~AcquiredPart() {
    if (source_) source_->release(part_);
  }
  AcquiredPart(const AcquiredPart&) = delete;
  AcquiredPart& operator=(const AcquiredPart&) = delete;

 private:
  ParameterSource* source_;
  std::string part_;
};

/// How the parts of a tower are computed.
struct PartOptions {
  bool checkpointed = false;          ///< keep only each part's input for backward
  ParameterSource* source = nullptr;  ///< null: all parameters are in memory
};

/// body(input), where `body` uses the parameters of a part. With a source they are there for that
/// time alone, so it is checkpointed: backward acquires them again.
ops::Variable run_part(const PartOptions& options, const std::string& part,
                       const std::function<ops::Variable(const ops::Variable&)>& body,
                       const ops::Variable& input);

}  // namespace arno::florence
