// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor/monitoring_port.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/run_folder.h"
#include "io/atomic_file.h"
#include "monitoring/metrics_reply.h"
#include "monitoring/page_files.h"

namespace arno::cli {
namespace {

using monitoring::HttpReply;
using monitoring::HttpRequest;
using Routes = std::map<std::string, monitoring::HttpServer::Handler>;

/// A number of the query; 0 when it is missing or none.
int64_t number_of(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  int64_t out = 0;
  if (found == request.query.end()) return out;
  const std::string& text = found->second;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? out : 0;
}

void add_page(Routes& routes) {
  for (const monitoring::PageFile& file : monitoring::page_files()) {
    const auto handler = [file](const HttpRequest&) {
      return HttpReply{.content_type = std::string(file.content_type),
                       .body = std::string(file.body)};
    };
    routes[fmt::format("/page/{}", file.name)] = handler;
    if (file.name == "index.html") routes["/"] = handler;
  }
}

Routes routes_of(const monitoring::MetricRegistry& metrics, const JobMonitor& monitor) {
  Routes out;
  add_page(out);
  out["/metrics"] = [&metrics](const HttpRequest&) { return monitoring::metrics_reply(metrics); };
  out["/api/state"] = [&](const HttpRequest&) { return HttpReply{.body = monitor.state()}; };
  out["/api/history"] = [&](const HttpRequest& request) {
    return HttpReply{.body = monitor.history(number_of(request, "after"))};
  };
  out["/api/samples"] = [&](const HttpRequest&) { return HttpReply{.body = monitor.samples()}; };
  out["/api/evaluation"] = [&](const HttpRequest&) {
    return HttpReply{.body = monitor.evaluation()};
  };
  out["/api/events"] = [&](const HttpRequest& request) {
    return HttpReply{.body = monitor.events(number_of(request, "after"))};
  };
  return out;
}

/// Prometheus' HTTP service discovery: this process, by the name that the asker used, as an address
/// such as 0.0.0.0 would be of no use to it, and the other nodes that the job has now.
Routes with_discovery(Routes routes, const monitoring::HttpServer& server,
                      const JobMonitor& monitor) {
  routes["/service-discovery"] = [&](const HttpRequest& request) {
    const std::string& address = server.address();
    const std::string host =
        request.host.find(':') == std::string::npos ? request.host : "[" + request.host + "]";
    const std::string target = host.empty() ? address : host + address.substr(address.rfind(':'));
    nlohmann::json targets = nlohmann::json::array();
    const auto add = [&](const std::string& node, const std::string& where) {
      targets.push_back(
          {{"targets", {where}}, {"labels", {{"job", monitor.job()}, {"node", node}}}});
    };
    add(monitor.node(), target);
    for (const auto& [node, where] : monitor.nodes()) add(node, where);
    return HttpReply{.body = targets.dump()};
  };
  return routes;
}

}  // namespace

MonitoringPort::MonitoringPort(const std::string& listen, std::filesystem::path run,
                               const monitoring::MetricRegistry& metrics, const JobMonitor& monitor)
    : address_file_(run / kAddressFile),
      server_(listen, with_discovery(routes_of(metrics, monitor), server_, monitor)) {
  io::write_file_atomically(address_file_, server_.address());
}

MonitoringPort::~MonitoringPort() {
  std::error_code ignored;
  std::filesystem::remove(address_file_, ignored);
}

}  // namespace arno::cli
