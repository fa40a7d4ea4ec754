// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "florence/training/checkpoint.h"
#include "graph/job_config.h"

namespace arno::cli {

/// In the folder of a run: "host:port" of its monitoring port, while that is open.
inline constexpr const char* kAddressFile = "monitoring.address";

/// Where a job listens: what `file` in the folder of its run says, or `job` itself when that is
/// "host:port". Throws invalid_argument for what is neither, io_failed for a folder without the
/// file.
std::string address_of(const std::string& job, const char* file);

/// Throws config_invalid when a job that would go on in this folder has another seed, another
/// training or other data sources than the `job.yaml` there, which also knows the sources that were
/// attached. `file`: where the job stands.
void check_same_course(const graph::JobConfig& job, const std::filesystem::path& output,
                       const std::string& file);

/// The vocabulary that a checkpoint was trained with: `given` unless it is empty, else what the
/// `job.yaml` of its run names. Throws invalid_argument when neither is there.
std::string vocabulary_of(const std::filesystem::path& checkpoint, const std::string& given);

}  // namespace arno::cli
