// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/import/detail/clipart_metadata.h"

namespace arno::io::detail {

/// Whether the drawing belongs to what is left out: icon themes (a drawing of an application's
/// sign shows nothing that its text names), gradients, page layouts. `file` is the path within
/// the collection, "animals/birds/owl.svg".
bool is_clipart_left_out(std::string_view file, const ClipartMetadata& metadata);

/// The texts of a drawing, the most telling first: its title, or, where that is empty or was
/// copied from another drawing, the words of the file name; then its keywords. Names of authors,
/// themes and sections, addresses and numbers are left out. May be empty.
std::vector<std::string> clipart_texts(std::string_view file, const ClipartMetadata& metadata);

}  // namespace arno::io::detail
