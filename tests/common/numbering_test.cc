// SPDX-License-Identifier: Apache-2.0
#include "common/numbering.h"

#include <gmock/gmock.h>

#include <string>

namespace arno {
namespace {

using ::testing::ElementsAre;

TEST(NumberingTest, EqualValuesShareTheNumberOfTheFirst) {
  Numbering<std::string> texts;
  std::vector<int32_t> numbers;

  for (const char* text : {"b", "a", "b", "", "a"}) numbers.push_back(texts.number(text));

  EXPECT_THAT(numbers, ElementsAre(0, 1, 0, 2, 1));
  EXPECT_THAT(texts.values(), ElementsAre("b", "a", ""));
}

}  // namespace
}  // namespace arno
