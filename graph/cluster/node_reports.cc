// SPDX-License-Identifier: Apache-2.0
#include "graph/cluster/node_reports.h"

#include "graph/cluster/log_tap.h"
#include "graph/detail/control_system.h"
#include "graph/detail/mailbox_order.h"

namespace arno::graph {

bool NodeReports::take(const std::string& node, NodeReport& report) {
  const auto tell = [&](auto message) {
    detail::send_in_order(nullptr, supervisor_, std::move(message));
    return true;
  };
  switch (report.kind) {
    case NodeReport::input_added:
      return tell(InputAdded{report.lane, report.flag});
    case NodeReport::output_added:
      return tell(OutputAdded{report.lane});
    case NodeReport::output_dropped:
      return tell(OutputDropped{report.lane});
    case NodeReport::finished: {
      const std::scoped_lock lock(mutex_);
      finished_.insert(report.shell);
      return tell(StageFinished{report.shell});
    }
    case NodeReport::failed:
      return tell(StageFailed{report.shell, detail::errc_of(report.code),
                              fmt::format("node {}: {}", node, report.text), report.flag});
    case NodeReport::event:
      if (observer_)
        observer_->on_event({report.name, "", fmt::format("{}: {}", node, report.text)});
      return true;
    case NodeReport::counts: {
      const std::scoped_lock lock(mutex_);
      for (ShellCounts& counts : report.all) last_[counts.shell] = std::move(counts);
      return true;
    }
    case NodeReport::log:
      write_lines_of(node, report.lines, report.code);
      return true;
    case NodeReport::key:
    case NodeReport::link_lost:
      return false;
  }
  return false;
}

bool NodeReports::has_finished(int shell) const {
  const std::scoped_lock lock(mutex_);
  return finished_.contains(shell);
}

std::optional<ShellCounts> NodeReports::counts(int shell) const {
  const std::scoped_lock lock(mutex_);
  const auto found = last_.find(shell);
  return found == last_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace arno::graph
