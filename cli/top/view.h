// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/top/state.h"

// What the person at the keyboard chose.
namespace arno::cli::top {

/// By what the actors are sorted; all but the first are columns of their table, in this order.
enum class SortKey {
  flow,  ///< as the samples go
  name,
  kind,
  replicas,
  items,
  busy,
  starved,
  blocked,
  queue,
  errors,
};

/// What of a job is shown below the header.
enum class Section { all, actors, edges, events };

struct View {
  SortKey sort = SortKey::flow;
  bool reversed = false;  ///< otherwise texts from a to z, figures from the largest down
  Section section = Section::all;
  size_t scroll = 0;  ///< rows that were gone past: from the first, of events from the last
  bool paused = false;
  bool help = false;
};

/// A key. A letter is itself.
enum Key : int {
  kKeyNone = 0,
  kKeyTab = '\t',
  kKeyUp = 256,
  kKeyDown,
  kKeyLeft,
  kKeyRight,
  kKeyPageUp,
  kKeyPageDown,
};

/// Makes keys of what a terminal sends, which may come in pieces.
class KeyReader {
 public:
  std::vector<int> read(std::string_view bytes);

 private:
  int key_of(char byte);

  std::string sequence_;  ///< the beginning of an escape sequence
};

/// Changes the view as the key says; false for the key that ends the program.
bool press(View& view, int key);

struct SortKeyName {
  SortKey key;
  char letter;
  const char* name;
};
/// Every sort key, in order.
const std::vector<SortKeyName>& sort_keys();

/// The actors in the order that the view asks for; unknown figures are last in both directions.
std::vector<Actor> sorted(std::vector<Actor> actors, SortKey key, bool reversed);

}  // namespace arno::cli::top
