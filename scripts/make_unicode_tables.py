#!/usr/bin/env python3
"""Writes io/detail/unicode_tables.h from Python's unicodedata and html.entities.

    scripts/make_unicode_tables.py > io/detail/unicode_tables.h
"""

import html.entities
import sys
import unicodedata

COLUMNS = 100


def ranges_of(belongs):
    """Inclusive ranges of the code points for which belongs(character) holds."""
    ranges = []
    for point in range(sys.maxunicode + 1):
        if not belongs(chr(point)):
            continue
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return ranges


def lower_ranges():
    """[first, last, step, delta]: every step-th point of first..last becomes point + delta."""
    rows = []
    for point in range(sys.maxunicode + 1):
        lower = chr(point).lower()
        if len(lower) != 1 or ord(lower) == point:
            continue
        delta = ord(lower) - point
        if rows and rows[-1][3] == delta:
            first, last, step, _ = rows[-1]
            gap = point - last
            if gap <= 2 and (first == last or step == gap):
                rows[-1][1:3] = point, gap
                continue
        rows.append([point, point, 1, delta])
    return rows


def table(doc, declaration, cells):
    print(f"\n/// {doc}\ninline constexpr {declaration}[] = {{")
    line = "   "
    for cell in cells:
        if len(line) + len(cell) + 2 > COLUMNS:
            print(line)
            line = "   "
        line += f" {cell},"
    print(line + "\n};")


def entity_cells():
    legacy_names = {name for name in html.entities.html5 if not name.endswith(";")}
    for name in sorted({*html.entities.name2codepoint, *legacy_names, "apos"}):
        point = ord(html.entities.html5[name + ";"])
        legacy = "true" if name in legacy_names else "false"
        yield f'{{"{name}", {point:#x}, {legacy}}}'


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Written by scripts/make_unicode_tables.py from Unicode "
          f"{unicodedata.unidata_version}.\n// clang-format off")
    print("#pragma once\n\n#include <cstdint>\n#include <string_view>\n\n"
          "namespace arno::io::detail {\n")
    print("/// Code points from first to last.\nstruct CodeRange {\n  char32_t first;\n"
          "  char32_t last;\n};\n")
    print("/// Every step-th code point from first to last becomes itself plus delta.\n"
          "struct CaseRange {\n  char32_t first;\n  char32_t last;\n  int32_t step;\n"
          "  int32_t delta;\n};\n")
    print("/// A named character of HTML. Legacy ones need no semicolon.\nstruct HtmlEntity {\n"
          "  std::string_view name;\n  char32_t code_point;\n  bool legacy;\n};")
    pair = "{{{:#x}, {:#x}}}".format
    category = unicodedata.category
    table("General category L.", "CodeRange kLetters",
          [pair(*r) for r in ranges_of(lambda c: category(c)[0] == "L")])
    table("General category N.", "CodeRange kNumbers",
          [pair(*r) for r in ranges_of(lambda c: category(c)[0] == "N")])
    table("White space.", "CodeRange kSpaces", [pair(*r) for r in ranges_of(str.isspace)])
    table("Lower case where it is one code point.", "CaseRange kLowerCase",
          ["{{{:#x}, {:#x}, {}, {}}}".format(*r) for r in lower_ranges()])
    table("By name.", "HtmlEntity kHtmlEntities", entity_cells())
    print("\n}  // namespace arno::io::detail")


if __name__ == "__main__":
    main()
