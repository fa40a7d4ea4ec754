// SPDX-License-Identifier: Apache-2.0
#include "actors/shard_reader/source_options.h"

#include "common/host_port.h"
#include "io/url_list.h"
#include "io/zeromq/job_key.h"

namespace arno::actors {
void ProducerOptions::fields(ConfigFields& f) {
  f.text("listen", listen,
         {.doc = "tcp://host:port that the producer connects to; port * takes a free one",
          .required = true});
  f.text("key", key,
         {.doc = "folder of a key (arno key new) that the producer has to have; empty: none"});
  f.integer("ahead", ahead,
            {.doc = "samples that are asked for before their turn", .min = 1, .max = 1 << 16});
  f.integer("max_sample_mb", max_sample_mb,
            {.doc = "largest sample, MiB; at most `ahead` of them wait", .min = 1, .max = 1024});
  f.boolean(
      "long_texts", long_texts,
      {.doc = "every sample has a text of more than two words: it also feeds stages that take "
              "long texts only"});
}

void ProducerOptions::check(const RawConfig& where, const std::string& path,
                            ConfigProblems& problems) const {
  if (!listen.empty() && !parse_tcp_address(listen)) {
    problems.push_back(where.problem_at(
        path + ".listen", fmt::format("found \"{}\", expected tcp://host:port", listen)));
  }
  if (key.empty()) return;
  try {
    io::read_job_key(key);
  } catch (const Error& error) {
    problems.push_back(where.problem_at(path + ".key", error.what()));
  }
}

bool ProducerOptions::is_open() const {
  const std::optional<HostPort> at = parse_tcp_address(listen);
  return at && !is_loopback(at->host);
}

void SourceOptions::fields(ConfigFields& f) {
  f.text("name", name, {.doc = "in metrics and in the quarantine", .required = true});
  f.texts("shards", shards,
          {.doc = "paths, folders, brace expressions such as {000000..000099}.tar"});
  f.optional_group("producer", producer,
                   {.doc = "a program that sends samples, instead of shards"});
  f.number("weight", weight,
           {.doc = "share of the samples, relative to the other sources'", .min = 0, .max = 1e9});
  f.integer("from_step", from_step,
            {.doc = "step of the training from which on it gives samples", .min = 0});
  f.integer("until_step", until_step,
            {.doc = "step from which on it gives none; 0: it gives them to the end", .min = 0});
  f.require(until_step <= 0 || until_step >= from_step, "until_step",
            fmt::format("found {}, expected at least from_step {}", until_step, from_step));
}

void SourceOptions::check(const RawConfig& where, const std::string& path,
                          ConfigProblems& problems) const {
  if (shards.empty() != producer.has_value()) {
    problems.push_back(where.problem_at(
        path, producer ? "found both shards and a producer, expected one of them"
                       : "found neither shards nor a producer, expected one of them"));
    return;
  }
  if (producer) return producer->check(where, path + ".producer", problems);
  try {
    io::expand_urls(shards);
  } catch (const Error& error) {
    problems.push_back(where.problem_at(path + ".shards", error.what()));
  }
}

}  // namespace arno::actors
