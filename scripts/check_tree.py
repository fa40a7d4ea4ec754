#!/usr/bin/env python3
"""Checks what a formatter cannot: the direction of includes, file sizes, headers' first lines."""

import re
import subprocess
import sys

# A folder may include itself, and the folders listed here.
ALLOWED = {
    "common": set(),
    "ops": {"common"},
    "io": {"common", "ops/core"},
    "monitoring": {"common"},
    "florence": {"common", "ops", "io"},
    "graph": {"common", "ops", "io", "monitoring", "florence"},
    "actors": {"common", "ops", "io", "monitoring", "florence", "graph"},
    "cli": {"common", "ops", "io", "monitoring", "florence", "graph", "actors"},
}
CAF_FOLDERS = {"graph", "tests", "bench"}
MAX_FILE_LINES = 800
MAX_COLUMNS = 100


def problems_of(path):
    with open(path, encoding="utf-8") as source:
        lines = source.read().split("\n")
    folder = path.split("/")[0]
    if len(lines) > MAX_FILE_LINES:
        yield f"{path}: {len(lines)} lines, at most {MAX_FILE_LINES}"
    if not lines[0].startswith("// SPDX-License-Identifier:"):
        yield f"{path}:1: found no SPDX line"
    if path.endswith(".h") and "#pragma once" not in lines:
        yield f"{path}: found no #pragma once"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, at most {MAX_COLUMNS}"
        if "TODO" in line or "FIXME" in line:
            yield f"{path}:{number}: unfinished work is written down in an issue"
        include = re.match(r'#include ([<"])([^>"]+)', line)
        if not include:
            continue
        target = include[2]
        if target.startswith("caf/") and folder not in CAF_FOLDERS:
            yield f"{path}:{number}: {folder} must not include CAF"
        if include[1] != '"' or folder not in ALLOWED:
            continue
        allowed = ALLOWED[folder] | {folder}
        if not any(target.startswith(prefix + "/") for prefix in allowed):
            yield f"{path}:{number}: {folder} must not include {target}"


def main():
    files = subprocess.run(["git", "ls-files", "*.h", "*.cc", "*.cu"], check=True,
                           capture_output=True, text=True).stdout.split()
    problems = [problem for path in files for problem in problems_of(path)]
    print("\n".join(problems) or f"{len(files)} source files checked")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
