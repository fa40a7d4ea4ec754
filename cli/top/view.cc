// SPDX-License-Identifier: Apache-2.0
#include "cli/top/view.h"

#include <algorithm>

namespace arno::cli::top {
namespace {

constexpr char kEscape = '\033';
constexpr size_t kLongestSequence = 16;
constexpr size_t kPage = 10;

int key_of_sequence(std::string_view sequence) {
  switch (sequence.back()) {
    case 'A':
      return kKeyUp;
    case 'B':
      return kKeyDown;
    case 'C':
      return kKeyRight;
    case 'D':
      return kKeyLeft;
    case '~':
      if (sequence == "\033[5~") return kKeyPageUp;
      if (sequence == "\033[6~") return kKeyPageDown;
      return kKeyNone;
    default:
      return kKeyNone;
  }
}

void sort_by(View& view, SortKey key) {
  view.reversed = view.sort == key && !view.reversed;
  view.sort = key;
}

/// The next key to the right or to the left, round at the ends.
void sort_by_neighbour(View& view, size_t distance) {
  const auto number = static_cast<size_t>(view.sort);
  sort_by(view, sort_keys()[(number + distance) % sort_keys().size()].key);
}

void scroll_by(View& view, int rows) {
  const bool from_last = view.section == Section::events;
  const auto distance = static_cast<size_t>(std::abs(rows));
  const bool onwards = (rows > 0) != from_last;
  view.scroll = onwards ? view.scroll + distance : view.scroll - std::min(view.scroll, distance);
}

void show_next_section(View& view) {
  view.section = view.section == Section::events
                     ? Section::all
                     : static_cast<Section>(static_cast<int>(view.section) + 1);
  view.scroll = 0;
}

double figure(const Actor& actor, SortKey key) {
  switch (key) {
    case SortKey::replicas:
      return actor.replicas;
    case SortKey::items:
      return actor.items_per_second;
    case SortKey::busy:
      return actor.busy;
    case SortKey::starved:
      return actor.starved;
    case SortKey::blocked:
      return actor.blocked;
    case SortKey::queue:
      return actor.queued_items;
    case SortKey::errors:
      return actor.errors;
    default:
      return kUnknown;
  }
}

}  // namespace

int KeyReader::key_of(char byte) {
  if (sequence_.empty() && byte != kEscape) return static_cast<unsigned char>(byte);
  const bool starts = byte == kEscape;
  if (starts) sequence_.clear();
  sequence_ += byte;
  if (starts) return kKeyNone;
  if (sequence_.size() == 2) {
    if (byte == '[' || byte == 'O') return kKeyNone;
    sequence_.clear();  // the Escape key, then this one
    return static_cast<unsigned char>(byte);
  }
  const bool ends = byte >= '@' && byte <= '~';
  const int key = ends ? key_of_sequence(sequence_) : static_cast<int>(kKeyNone);
  if (ends || sequence_.size() >= kLongestSequence) sequence_.clear();
  return key;
}

std::vector<int> KeyReader::read(std::string_view bytes) {
  std::vector<int> out;
  for (const char byte : bytes) {
    const int key = key_of(byte);
    if (key != kKeyNone) out.push_back(key);
  }
  return out;
}

bool press(View& view, int key) {
  if (key == 'q') return false;
  if (view.help) {
    view.help = false;
    return true;
  }
  switch (key) {
    case 'h':
    case '?':
      view.help = true;
      break;
    case 'p':
      view.paused = !view.paused;
      break;
    case 'r':
      view.reversed = !view.reversed;
      break;
    case kKeyTab:
      show_next_section(view);
      break;
    case '<':
    case kKeyLeft:
      sort_by_neighbour(view, sort_keys().size() - 1);
      break;
    case '>':
    case kKeyRight:
      sort_by_neighbour(view, 1);
      break;
    case kKeyUp:
    case kKeyDown:
      scroll_by(view, key == kKeyUp ? -1 : 1);
      break;
    case kKeyPageUp:
    case kKeyPageDown:
      scroll_by(view, key == kKeyPageUp ? -static_cast<int>(kPage) : static_cast<int>(kPage));
      break;
    default:
      for (const SortKeyName& known : sort_keys()) {
        if (known.letter == key) sort_by(view, known.key);
      }
  }
  return true;
}

const std::vector<SortKeyName>& sort_keys() {
  static const std::vector<SortKeyName> kKeys{
      {SortKey::flow, 'f', "flow"},       {SortKey::name, 'n', "name"},
      {SortKey::kind, 'k', "kind"},       {SortKey::replicas, 'c', "replicas"},
      {SortKey::items, 'i', "items/s"},   {SortKey::busy, 'b', "busy"},
      {SortKey::starved, 's', "starved"}, {SortKey::blocked, 'l', "blocked"},
      {SortKey::queue, 'u', "queue"},     {SortKey::errors, 'e', "errors"}};
  return kKeys;
}

std::vector<Actor> sorted(std::vector<Actor> actors, SortKey key, bool reversed) {
  if (key == SortKey::flow) {
    if (reversed) std::ranges::reverse(actors);
    return actors;
  }
  const auto text = key == SortKey::name ? &Actor::name : &Actor::kind;
  const bool by_text = key == SortKey::name || key == SortKey::kind;
  std::ranges::stable_sort(actors, [&](const Actor& left, const Actor& right) {
    if (by_text) return reversed ? right.*text < left.*text : left.*text < right.*text;
    const double a = figure(left, key);
    const double b = figure(right, key);
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
    return reversed ? a < b : a > b;
  });
  return actors;
}

}  // namespace arno::cli::top
