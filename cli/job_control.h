// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "graph/control.h"
#include "graph/job.h"

namespace arno::cli {

/// In the folder of a run: "host:port" where the job takes orders, while it runs.
inline constexpr const char* kControlFile = "control.address";

// What a job is asked over the control plane.
inline constexpr const char* kAttach = "attach";  ///< body: a patch; name: of its file
inline constexpr const char* kDetach = "detach";  ///< name: of the actor
inline constexpr const char* kCredit = "credit";  ///< name: of the edge; body: items
inline constexpr const char* kCheck = "check ";   ///< before another verb: show, and do nothing
inline constexpr const char* kStop = "stop";
inline constexpr const char* kStatus = "status";

/// Lets a running job be changed from outside. Says where in `<run>/control.address` until it is
/// gone, and keeps `<run>/job.yaml` to what runs.
class JobControl {
 public:
  /// `where`: it listens, and for whom. `status`: answers kStatus, also while an order is carried
  /// out in another thread. All outlive the object. Throws io_failed when it cannot listen.
  JobControl(const graph::ControlSpec& where, std::filesystem::path output, graph::Job& job,
             const graph::Registry& registry, std::function<std::string()> status);
  ~JobControl();
  JobControl(const JobControl&) = delete;
  JobControl& operator=(const JobControl&) = delete;

 private:
  std::string answer(const graph::ControlRequest& request);
  std::string change(const std::string& verb, const graph::ControlRequest& request,
                     bool only_check);

  std::filesystem::path output_;
  graph::Job& job_;
  const graph::Registry& registry_;
  std::function<std::string()> status_;
  graph::ControlServer server_;
};

}  // namespace arno::cli
