#!/usr/bin/env bash
# Watches running jobs with Debian's Prometheus until Ctrl-C. What it gathers is not kept.
#
#   scripts/monitor.sh [HOST:PORT ...]     monitoring.listen of each job; default 127.0.0.1:9464
#
# PROMETHEUS_LISTEN (127.0.0.1:9465) is where Prometheus itself is served; its usual port
# 9090 is that of the service of the package. SCRAPE_INTERVAL (5s) is how often it asks.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly LISTEN=${PROMETHEUS_LISTEN:-127.0.0.1:9465}
readonly INTERVAL=${SCRAPE_INTERVAL:-5s}
readonly START_TENTHS=300
folder=""
server=""

die() { printf 'monitor: %s\n' "$*" >&2; exit 1; }

# The committed configuration with these jobs and this interval.
configure() { # FOLDER HOST:PORT...
  local into=$1 address urls=""
  shift
  for address in "$@"; do
    [[ $address =~ ^[][A-Za-z0-9.:_-]+:[0-9]+$ ]] ||
      die "found job address \"$address\", expected host:port, such as 127.0.0.1:9464"
    urls+="      - url: http://$address/service-discovery\n        refresh_interval: $INTERVAL\n"
  done
  cp -r monitoring/prometheus/. "$into"
  sed -e "s/^\(  \(scrape\|evaluation\)_interval:\).*/\1 $INTERVAL/" \
    -e '/refresh_interval:/d' -e "s|^      - url: .*|${urls%\\n}|" \
    monitoring/prometheus/prometheus.yml >"$into/prometheus.yml"
  promtool check config "$into/prometheus.yml" >"$into/check.log" 2>&1 ||
    { cat "$into/check.log" >&2; die "the configuration is wrong"; }
}

stop() {
  trap - EXIT INT TERM
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" || true; }
  [ -z "$folder" ] || rm -rf "$folder"
}

wait_until_ready() {
  local tenth
  for ((tenth = 0; tenth < START_TENTHS; tenth++)); do
    kill -0 "$server" 2>/dev/null || break
    grep -q 'Server is ready' "$folder/prometheus.log" && return
    sleep 0.1
  done
  grep -E 'level=(error|warn)' "$folder/prometheus.log" >&2 || true
  die "Prometheus did not start on $LISTEN; is the port taken? PROMETHEUS_LISTEN chooses another"
}

for program in prometheus promtool; do
  command -v "$program" >/dev/null ||
    die "$program was not found: apt-get install --no-install-recommends prometheus"
done
[ $# -gt 0 ] || set -- 127.0.0.1:9464
folder=$(mktemp -d)
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
configure "$folder" "$@"
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
  --web.listen-address="$LISTEN" --log.format=logfmt >"$folder/prometheus.log" 2>&1 &
server=$!
wait_until_ready
printf '%-12s%s\n' jobs "$*" targets "http://$LISTEN/targets" alerts "http://$LISTEN/alerts" \
  rules "http://$LISTEN/rules" queries "http://$LISTEN/graph"
echo "dashboards for Grafana are in monitoring/grafana; Ctrl-C ends Prometheus"
wait "$server"
