// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "io/bpe_tokenizer.h"
#include "tests/cli/job_fixture.h"

namespace arno::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using DescribeTest = JobTest;

TEST_F(DescribeTest, InspectCountsWhatIsThere) {
  io::write_tar(folder_ / "bad.tar", {{"n.png", testing::tiny_png(1)},
                                      {"u.png", testing::tiny_png(1)},
                                      {"u.txt", "\xff\xfe"},
                                      {"v.png", "no picture"},
                                      {"v.txt", "thing1"}});
  const std::string whole = io::read_text(folder_ / "a.tar");
  io::write_text(folder_ / "cut.tar", whole.substr(0, whole.size() - 4096));
  const std::vector<std::string> texts = testing::tiny_texts(30);
  const auto bpe = io::BpeTokenizer::open(path("bpe"));
  std::map<size_t, int> tokens;
  for (const std::string& text : texts) ++tokens[bpe.encode(text).size()];
  ASSERT_GT(tokens.size(), 1u);

  const Finished good = arno({"data", "inspect", path("a.tar"), "--vocabulary", path("bpe")});
  const Finished bad = arno({"data", "inspect", path("bad.tar")});
  const Finished cut = arno({"data", "inspect", path("cut.tar")});

  EXPECT_EQ(good.code + bad.code + cut.code, 0) << good.text << bad.text << cut.text;
  // Ten texts occur twice and ten once; the latter are the long ones.
  EXPECT_THAT(good.text, AllOf(HasSubstr("samples         30\n  unusable      0\n"),
                               HasSubstr("  PNG           30\n"), HasSubstr("texts           30\n"),
                               HasSubstr("  distinct      20\n"),
                               HasSubstr("  repeated      20 (66.7 % occur more than once)\n"),
                               HasSubstr("  long          10 (33.3 % have more than ")));
  for (const auto& [length, count] : tokens) {
    const size_t at = good.text.find(fmt::format("  {:>13} {:>12}  #", length, count),
                                     good.text.find("tokens of a text\n"));
    EXPECT_NE(at, std::string::npos) << length << " tokens: " << count << "\n" << good.text;
  }
  EXPECT_THAT(bad.text,
              AllOf(HasSubstr("samples         1\n  unusable      2\n"),
                    HasSubstr("    no_text           1\n"), HasSubstr("    text_not_utf8     1\n"),
                    HasSubstr("    the first: "), HasSubstr("  not readable (")));
  EXPECT_THAT(cut.text, AllOf(HasSubstr("  damaged: "), HasSubstr("cut.tar (")));
}

TEST_F(DescribeTest, DotDrawsEveryActorAndEdge) {
  const Finished dot = arno({"check", job({.replicas = 2}), "--dot"});

  EXPECT_EQ(dot.code, 0) << dot.text;
  EXPECT_EQ(dot.text.rfind("digraph \"tiny\" {\n", 0), 0u) << dot.text;
  for (const char* actor :
       {"read\\nshard_reader", "decode\\ndecoder x 2", "augment\\naugmenter x 2",
        "prompt\\nprompt_sampler", "tokenize\\ntokenizer", "batch\\nbatcher", "model\\nmodel_shard",
        "loss\\ncontrastive_loss", "save\\ncheckpointer", "evaluate\\nevaluator"}) {
    EXPECT_THAT(dot.text, HasSubstr(fmt::format("[label=\"{}\"];\n", actor)));
  }
  const std::string back = ", style=dashed, constraint=false";
  const std::vector<std::array<std::string, 4>> edges{
      {"read", "decode", "RawItem (8)", ""},
      {"decode", "augment", "DecodedItem (32)", ""},
      {"decode", "read", "RejectedItem (48)", back},
      {"augment", "prompt", "AugmentedItem (8)", ""},
      {"prompt", "tokenize", "PromptedItem (8)", ""},
      {"tokenize", "batch", "TokenizedItem (8)", ""},
      {"batch", "read", "DeliveredSlots (24)", back},
      {"batch", "model", "TrainingBatch (1)", ""},
      {"model", "loss", "FeaturesItem (1)", ""},
      {"loss", "model", "LossItem (1)", back},
      {"model", "save", "Snapshot (1)", ""},
      {"model", "evaluate", "Snapshot (1)", ""},
  };
  for (const auto& [from, to, label, style] : edges) {
    EXPECT_THAT(dot.text, HasSubstr(fmt::format("  \"{}\" -> \"{}\" [label=\"{}\"{}];\n", from, to,
                                                label, style)));
  }
  size_t drawn = 0;
  for (size_t at = 0; (at = dot.text.find(" -> ", at)) != std::string::npos; ++at) ++drawn;
  EXPECT_EQ(drawn, edges.size());
}

}  // namespace
}  // namespace arno::cli
