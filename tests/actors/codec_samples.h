// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/builtin.h"
#include "actors/codecs/codecs.h"
#include "actors/items.h"
#include "actors/pipeline_items.h"

namespace arno::actors {

/// A small item of every type, by the type's name; further ones of a type have a name that goes on
/// with an underscore.
std::map<std::string, graph::Payload> codec_samples();
std::vector<std::string> names_of_codec_samples();

/// The parts of an encoded sample as texts. Ages, which differ whenever they are looked at, are
/// zeros.
std::vector<std::string> without_ages(const std::string& type,
                                      const std::vector<SharedBytes>& parts);

}  // namespace arno::actors
