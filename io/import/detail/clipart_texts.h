// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace arno::io::detail {

/// What the RDF in an SVG file of the Open Clip Art Library says.
struct ClipartMetadata {
  std::string title;                  ///< of the work, as it stands
  std::vector<std::string> keywords;  ///< as they stand
  std::string author;                 ///< empty where there is none
  std::string licence;                ///< an address, "http://web.resource.org/cc/PublicDomain"

  /// Whether the author gave the work to the public domain.
  bool is_public_domain() const;
};

/// Reads the first cc:Work of an SVG file. What is missing stays empty.
ClipartMetadata parse_clipart_metadata(std::string_view svg);

/// Whether the drawing belongs to what is left out: icon themes (a drawing of an application's
/// sign shows nothing that its text names), gradients, page layouts. `file` is the path within
/// the collection, "animals/birds/owl.svg".
bool is_clipart_left_out(std::string_view file, const ClipartMetadata& metadata);

/// The texts of a drawing, the most telling first: its title, or, where that is empty or was
/// copied from another drawing, the words of the file name; then its keywords. Names of authors,
/// themes and sections, addresses and numbers are left out. May be empty.
std::vector<std::string> clipart_texts(std::string_view file, const ClipartMetadata& metadata);

}  // namespace arno::io::detail
