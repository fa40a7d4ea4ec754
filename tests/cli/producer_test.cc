// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "tests/cli/running_job.h"

namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kPython = "/usr/bin/python3";

/// A port that nobody listened on a moment ago.
int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

/// The producer of examples/external_producer feeds a job.
class ProducerTest : public RunningJobTest {
 protected:
  void SetUp() override {
    if (Process({"-c", "import zmq"}, folder_ / "import.txt", {.program = kPython}).wait().code !=
        0) {
      GTEST_SKIP() << "Python has no zmq: install python3-zmq";
    }
  }

  /// `key`: the folder of a job key; empty: none.
  std::unique_ptr<Process> produce(const std::string& key = "") {
    std::vector<std::string> args{"-B", ARNO_EXAMPLES "/external_producer/producer.py", address_,
                                  "shapes"};
    if (!key.empty()) args.push_back(key);
    return std::make_unique<Process>(args, folder_ / fmt::format("producer{}.txt", producers_++),
                                     ProcessOptions{.program = kPython});
  }
  /// A patch with the producer's source.
  std::string source(const std::string& more = "") const {
    return fmt::format(
        "actors: {{read: {{options: {{sources: [{{name: shapes, weight: 2, producer: {{listen: "
        "'{}', ahead: 20{}}}}}]}}}}}}\n",
        address_, more);
  }

  std::string address_ = fmt::format("tcp://127.0.0.1:{}", free_port());
  int producers_ = 0;
};

TEST_F(ProducerTest, JoinsARunningJobAndMayGoAndComeBack) {
  Running job = start(endless(), "run");
  go_on(job, 2);
  EXPECT_EQ(attach(job, source()).text, "~ read: its options\n");
  wait_for(job, "waits for sample 0 of source shapes: no producer is connected at " + address_);
  wait_for_status(*job.process, "run",
                  HasSubstr("The job waits for sample 0 of source shapes: no producer"));

  std::unique_ptr<Process> first = produce();
  go_on(job, 12);
  first->signal(SIGKILL);
  wait_for(job, "source shapes lost shapes.py: the connection ended");
  const std::unique_ptr<Process> second = produce();
  go_on(job, 12);
  stop(job);

  // The job file, run afresh with a producer that stays.
  expect_same_curve("run", path("run/job.yaml"));
}

TEST_F(ProducerTest, AResumedJobAsksForWhatComesNext) {
  const std::unique_ptr<Process> producer = produce();
  const std::string file_of_job = endless();
  Running job = start(file_of_job, "run");
  ASSERT_EQ(attach(job, source()).code, 0);
  go_on(job, 6);
  stop(job);

  Running resumed = start(path("run/job.yaml"), "run", /*resume=*/true);
  go_on(resumed, 6);
  stop(resumed);

  expect_same_curve("run", path("run/job.yaml"));
}

TEST_F(ProducerTest, WithAKeyOnlyWhoHasItIsHeard) {
  ASSERT_EQ(arno({"key", "new", "--out", path("key")}).code, 0);
  ASSERT_EQ(arno({"key", "new", "--out", path("other")}).code, 0);
  Running job = start(endless(), "run");
  ASSERT_EQ(attach(job, source(", key: " + path("key"))).code, 0);
  const std::unique_ptr<Process> without = produce();
  const std::unique_ptr<Process> stranger = produce(path("other"));
  wait_for(job, "it has no job key, this node has one");
  wait_for(job, "another job key");

  const std::unique_ptr<Process> known = produce(path("key"));
  go_on(job, 12);
  stop(job);

  const std::string text = io::read_text(path("run.txt"));
  EXPECT_EQ(text.find("source shapes: shapes.py is connected"),
            text.rfind("source shapes: shapes.py is connected"));
  EXPECT_TRUE(without->running() && stranger->running());
}

TEST_F(ProducerTest, ADrainDoesNotWaitForAProducer) {
  Running job = start(endless(), "run");
  ASSERT_EQ(attach(job, source()).code, 0);
  wait_for(job, "no producer is connected");

  stop(job);
}

TEST_F(ProducerTest, AnAddressInUseIsRefusedAndTheJobGoesOn) {
  Running job = start(endless(), "run");
  ASSERT_EQ(attach(job, source()).code, 0);
  std::string again = source();
  again.replace(again.find("shapes"), 6, "others");

  const Finished refused = attach(job, again);

  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.text, AllOf(HasSubstr("listening at " + address_), HasSubstr("in use")));
  const std::unique_ptr<Process> producer = produce();
  go_on(job, 3);
  stop(job);
}

}  // namespace
}  // namespace arno::cli
