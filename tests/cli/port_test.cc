// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "io/read_file.h"
#include "monitoring/http_server.h"
#include "tests/cli/job_fixture.h"

namespace arno::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class PortTest : public JobTest {
 protected:
  /// Starts a job that serves on after its end, and waits for that.
  std::unique_ptr<Process> start() {
    const std::string file = job({.monitoring = "linger_s: 600"});
    auto process = std::make_unique<Process>(
        std::vector<std::string>{"run", file, "--output", path("run")}, path("log"));
    EXPECT_TRUE(wait_until(*process, [this] { return phase() == "completed"; }));
    return process;
  }

  std::string get(const std::string& what) const {
    return monitoring::http_get(io::read_file(path("run/monitoring.address"), 100), what).body;
  }
  std::string phase() const {
    try {
      return json::parse(get("/api/state"))["phase"];
    } catch (const std::exception&) {
      return "";
    }
  }
};

TEST_F(PortTest, TellsWhatAJobDid) {
  const std::unique_ptr<Process> process = start();

  const json state = json::parse(get("/api/state"));
  EXPECT_EQ(state["training"]["step"], 12);
  EXPECT_EQ(state["training"]["images"], 12 * 8);
  for (const json& actor : state["actors"]) {
    for (const json& replica : actor["replicas"]) {
      const double shares =
          replica["busy_share"].get<double>() + replica["starved_share"].get<double>() +
          replica["blocked_share"].get<double>() + replica["paused_share"].get<double>();
      EXPECT_NEAR(shares, 1, 1e-6) << actor["name"];
    }
  }
  EXPECT_EQ(json::parse(get("/api/history"))["step"].size(), 12);
  EXPECT_GE(json::parse(get("/api/samples"))["samples"].size(), 1);
  EXPECT_THAT(get("/api/events"), HasSubstr("\"kind\":\"checkpoint\""));
  EXPECT_THAT(get("/"), HasSubstr("page/main.js"));
  EXPECT_THAT(get("/page/main.js"), HasSubstr("import"));
  const json targets = json::parse(get("/service-discovery"));
  EXPECT_EQ(targets[0]["targets"][0], io::read_file(path("run/monitoring.address"), 100));

  process->signal(SIGINT);
  EXPECT_EQ(process->wait().code, 0);
}

TEST_F(PortTest, CountsEverySampleAndEveryEdge) {
  const std::unique_ptr<Process> process = start();

  const std::string metrics = get("/metrics");
  const std::string labels = "{job=\"tiny\",node=\"local\"";
  EXPECT_THAT(metrics, HasSubstr("arno_sample_latency_seconds_count" + labels + "} 96\n"));
  EXPECT_THAT(metrics,
              HasSubstr("arno_train_phase_seconds_count" + labels + ",phase=\"forward\"} 12\n"));
  EXPECT_THAT(metrics, HasSubstr("arno_edge_items_total" + labels +
                                 ",edge=\"batch.batches->model.batches\",replica=\"0\"} 12\n"));
  EXPECT_THAT(metrics, HasSubstr("arno_job_phase" + labels + ",phase=\"completed\"} 1\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("arno_train_parameter_norm" + labels + "} 0\n")));

  process->signal(SIGINT);
  EXPECT_EQ(process->wait().code, 0);
}

}  // namespace
}  // namespace arno::cli
