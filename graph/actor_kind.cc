// SPDX-License-Identifier: Apache-2.0
#include "graph/actor_kind.h"

#include <algorithm>

namespace arno::graph {

std::shared_ptr<const ActorOptions> ActorOptions::extended(const RawConfig& patch,
                                                           ConfigProblems& problems) const {
  problems.push_back(patch.problem("the options of a running actor of this kind stay as they are"));
  return nullptr;
}

std::shared_ptr<const ActorOptions> ActorOptions::without(const std::string& part,
                                                          const RawConfig& where,
                                                          ConfigProblems& problems) const {
  problems.push_back(where.problem(
      fmt::format("found \"{}\", but an actor of this kind has no parts that can leave", part)));
  return nullptr;
}

void Registry::add(ActorKind kind) {
  ARNO_CHECK(!find(kind.name), Errc::invalid_argument, "[registry] kind \"{}\" is added twice",
             kind.name);
  kinds_.push_back(std::move(kind));
}

const ActorKind* Registry::find(const std::string& name) const {
  const auto found = std::ranges::find(kinds_, name, &ActorKind::name);
  return found == kinds_.end() ? nullptr : &*found;
}

void Registry::add_codec(ItemCodec codec) {
  ARNO_CHECK(!find_codec(codec.name) && !find_codec(codec.type), Errc::invalid_argument,
             "[registry] the codec of \"{}\" is added twice", codec.name);
  codecs_.push_back(std::move(codec));
}

const ItemCodec* Registry::find_codec(std::type_index type) const {
  const auto found = std::ranges::find(codecs_, type, &ItemCodec::type);
  return found == codecs_.end() ? nullptr : &*found;
}

const ItemCodec* Registry::find_codec(const std::string& name) const {
  const auto found = std::ranges::find(codecs_, name, &ItemCodec::name);
  return found == codecs_.end() ? nullptr : &*found;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> out;
  for (const ActorKind& kind : kinds_) out.push_back(kind.name);
  return out;
}

}  // namespace arno::graph
