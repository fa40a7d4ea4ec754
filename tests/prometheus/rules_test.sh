#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The configuration and rules of Prometheus are valid, and alerts fire when they should.
set -euo pipefail
cd "$(dirname "$0")/../../monitoring/prometheus"
promtool check config prometheus.yml
promtool check rules rules/*.yml
promtool test rules tests/*.yml
# Every alert has a test.
sed -n 's/^ *- alert: //p' rules/alerts.yml | while read -r alert; do
  grep -q "$alert" tests/*.yml || { echo "no test of $alert" >&2; exit 1; }
done
