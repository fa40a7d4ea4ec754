// SPDX-License-Identifier: Apache-2.0
#include "io/url_list.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "common/error.h"
#include "io/braces.h"
#include "tests/io/shard_files.h"

namespace arno::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The code and the text of what expand_urls throws.
std::pair<Errc, std::string> failure_of(const std::vector<std::string>& patterns) {
  try {
    expand_urls(patterns);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {Errc{}, "no error"};
}

TEST(UrlListTest, ExpandsBraces) {
  EXPECT_THAT(expand_braces("a"), ElementsAre("a"));
  EXPECT_THAT(expand_braces("{08..11}.tar"), ElementsAre("08.tar", "09.tar", "10.tar", "11.tar"));
  EXPECT_THAT(expand_braces("{8..10}"), ElementsAre("8", "9", "10"));
  EXPECT_THAT(expand_braces("x{a,b}{0..1}"), ElementsAre("xa0", "xa1", "xb0", "xb1"));
  EXPECT_THAT(expand_braces("{a,{0..1}z,}"), ElementsAre("a", "0z", "1z", ""));
  EXPECT_THAT(expand_braces("{a..b}"), ElementsAre("a..b"));
}

TEST(UrlListTest, ExpandsManyShardsInOrder) {
  const auto names = expand_braces("s-{000000..099999}.tar");
  ASSERT_EQ(names.size(), 100000u);
  for (size_t i = 0; i < names.size(); i += 997) {
    EXPECT_EQ(names[i], fmt::format("s-{:06}.tar", i));
  }
}

TEST(UrlListTest, RefusesMalformedAndExcessiveExpressions) {
  for (const std::string& pattern :
       {std::string("{a"), std::string("{5..3}"), std::string("{0..99999999999}"),
        std::string("{0..9999}{0..9999}"), std::string("{{0..9999999},{0..9999999}}"),
        std::string("{0..9223372036854775807}"), std::string(100000, '{'),
        std::string(40, '{') + "a" + std::string(40, '}'),
        "{1.." + std::string(10000, '0') + "2}"}) {
    EXPECT_THROW(expand_braces(pattern), Error) << pattern.substr(0, 60);
  }
}

TEST(UrlListTest, FindsFilesFoldersListsAndStars) {
  const TemporaryFolder folder;
  for (const char* name : {"a-1.tar", "a-0.tar", "b.tar", "b.tar.arnoidx", "notes.txt"}) {
    write_text(folder / name, "");
  }
  const auto names = [&](const std::string& pattern) {
    std::string out;
    for (const auto& path : expand_urls({pattern})) out += path.filename().string() + " ";
    return out;
  };
  const std::string root = folder.path().string();
  write_text(folder / "list", root + "/b.tar\r\n\n" + root + "/a-{0..1}.tar\n");

  EXPECT_EQ(names(root), "a-0.tar a-1.tar b.tar ");
  EXPECT_EQ(names("file:" + root + "/b.tar"), "b.tar ");
  EXPECT_EQ(names("file://" + root + "/b.tar"), "b.tar ");
  EXPECT_EQ(names(root + "/b.tar::" + root + "/a-{0..1}.tar"), "b.tar a-0.tar a-1.tar ");
  EXPECT_EQ(names(root + "/a-*.tar"), "a-0.tar a-1.tar ");
  EXPECT_EQ(names(root + "/b*"), "b.tar ");
  EXPECT_EQ(names("@" + root + "/list"), "b.tar a-0.tar a-1.tar ");
  EXPECT_EQ(names(root + "/b.tar::@" + root + "/list"), "b.tar b.tar a-0.tar a-1.tar ");
}

TEST(UrlListTest, NamesWhatIsMissing) {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  for (const auto& [pattern, named] : Members{{root + "/x-{0..1}.tar", "x-0.tar"},
                                              {root + "/y*.tar", "y*.tar"},
                                              {root, "*.tar"},
                                              {root + "/none/*.tar", "/none"},
                                              {"@" + root + "/list", "list"},
                                              {"", "\"\""}}) {
    const auto [code, text] = failure_of({pattern});
    EXPECT_EQ(code, Errc::io_failed) << text;
    EXPECT_THAT(text, HasSubstr(named));
  }
}

TEST(UrlListTest, SaysWhatIsNotSupported) {
  for (const std::string url : {"pipe:cat x.tar", "https://host/x.tar", "s3://bucket/x.tar"}) {
    const auto [code, text] = failure_of({url});
    EXPECT_EQ(code, Errc::unsupported) << text;
    EXPECT_THAT(text, HasSubstr(url));
  }
}

}  // namespace
}  // namespace arno::io
