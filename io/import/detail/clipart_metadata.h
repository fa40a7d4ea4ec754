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

}  // namespace arno::io::detail
