#!/usr/bin/env bash
# Checks configuration and alert rules, and that every alert comes when it must and only then (alerts_test.yml). Needs promtool, which comes with Prometheus
# (Debian: apt-get install --no-install-recommends prometheus), or Docker.
set -euo pipefail
cd "$(dirname "$0")"
if command -v promtool >/dev/null; then
  promtool() { command promtool "$@"; }
else
  promtool() { docker run --rm --volume "$PWD:/rules:ro" --workdir /rules --entrypoint promtool prom/prometheus "$@"; }
fi
promtool check config prometheus.yml
promtool check rules alerts.yml
promtool test rules alerts_test.yml
