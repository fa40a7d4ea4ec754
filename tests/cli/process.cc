// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "common/error.h"
#include "tests/io/shard_files.h"

namespace arno::cli {

Process::Process(const std::vector<std::string>& args, const std::filesystem::path& log,
                 const ProcessOptions& options)
    : log_(log) {
  std::vector<char*> argv{const_cast<char*>(options.program.c_str())};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  ARNO_CHECK(pid_ >= 0, Errc::io_failed, "cannot fork");
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int out = open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (options.network >= 0 && setns(options.network, CLONE_NEWNET) != 0) _exit(127);
  if (options.file_kib > 0) {
    const auto bytes = static_cast<rlim_t>(options.file_kib) << 10;
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
  }
  execv(options.program.c_str(), argv.data());
  _exit(127);
}

Process::~Process() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  reap(0);
}

void Process::signal(int number) const { kill(pid_, number); }

bool Process::running() { return !reap(WNOHANG); }

Finished Process::wait() {
  reap(0);
  finished_.text = io::read_text(log_);
  return finished_;
}

bool Process::reap(int flags) {
  if (ended_) return true;
  int status = 0;
  rusage usage{};
  if (wait4(pid_, &status, flags, &usage) != pid_) return false;
  ended_ = true;
  finished_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  finished_.peak_kib = usage.ru_maxrss;
  return true;
}

}  // namespace arno::cli
