#!/usr/bin/env bash
# Proves on a machine without a container engine what the image promises: the published output runs as user 1654 on a read-only root file system,
# the health check answers, and SIGTERM ends it with 0. The root file system is a Debian made with debootstrap, with nothing in it but what the base
# image has; bubblewrap runs it. Wants root, dotnet, debootstrap and bwrap:  apt-get install -y debootstrap bubblewrap
#
#   docker/check.sh [WORK]       WORK: folder for the build and the root file system (300 MB), kept for the next time; default /tmp/ingest-image
#
# With KAFKA=host:port the worker reads from it, else from a broker that does not answer. PROPERTIES="name=value …" are the client's properties.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${1:-/tmp/ingest-image}
user=1654
port=$((20000 + RANDOM % 10000))
mkdir -p "$work"
chmod 755 "$work"
say() { printf '\n== %s\n' "$1"; }
fail() { echo "FAILED: $1" >&2; exit 1; }
for tool in dotnet debootstrap bwrap setpriv; do command -v "$tool" >/dev/null || fail "there is no $tool"; done

say "Build, with the Dockerfile's own commands on what its COPY lines bring"
rm -rf "$work/src" "$work/app" "$work/pool" "$work/cache"
mkdir -p "$work/src" "$work/pool" "$work/cache"
copy() { for f in "${@:1:$#-1}"; do mkdir -p "$work/src/${!#}"; tar -c --exclude=bin --exclude=obj -C "$(dirname "$f")" "$(basename "$f")" | tar -x -C "$work/src/${!#}"; done; }
while read -r _ first rest; do
  read -ra words <<<"$first $rest"
  to=${words[-1]}
  for from in "${words[@]:0:${#words[@]}-1}"; do
    if [ -d "$from" ]; then copy "$from" "$(dirname "$to")"; else copy "$from" "$to"; fi
  done
done < <(grep -E '^COPY [^-]' docker/Dockerfile)
restore=$(sed -n 's/^RUN \(dotnet restore .*\)/\1/p' docker/Dockerfile)
publish=$(sed -n 's/^ *&& \(dotnet publish .*\) \\$/\1/p' docker/Dockerfile)
[ -n "$restore" ] && [ -n "$publish" ] || fail "the Dockerfile's commands are not where they were"
(cd "$work/src" && eval "$restore -v q" && platform=linux-x64 && eval "${publish/-o \/app/-o $work/app} -v q -clp:NoSummary")
du -sh "$work/app"

say "Root file system"
root=$work/root
if [ ! -e "$root/.made" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates,libicu72,libssl3,tzdata,zlib1g,libstdc++6 bookworm "$root" >"$work/debootstrap.log"
  touch "$root/.made"
fi
dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
mkdir -p "$root/app" "$root/pool" "$root/cache" "$root/contracts" "$root/usr/share/dotnet"
chown -R $user:$user "$work/pool" "$work/cache"

# What docker run --read-only --tmpfs /tmp --cap-drop ALL would give it; the environment is the Dockerfile's.
inside() {
  local name value
  local -a environment=(--setenv HOME / --setenv PATH /usr/bin:/bin)
  while IFS='=' read -r name value; do environment+=(--setenv "$name" "${value//\"/}"); done < <(sed -n '/^ENV DOTNET_Enable/,/[^\\]$/p' docker/Dockerfile | sed 's/^ENV//; s/ *\\$//; s/^ *//')
  exec setpriv --reuid $user --regid $user --clear-groups bwrap --clearenv "${environment[@]}" --die-with-parent --unshare-pid --cap-drop ALL \
    --ro-bind "$root" / --ro-bind "$dotnet_root" /usr/share/dotnet --ro-bind "$work/app" /app --ro-bind Ingest.Worker/Contracts /contracts \
    --bind "$work/pool" /pool --bind "$work/cache" /cache --tmpfs /tmp --proc /proc --dev /dev --chdir /app "${settings[@]}" "$@"
}
settings=()
dotnet=/usr/share/dotnet/dotnet

say "Another user, a read-only root"
(inside /bin/sh -c 'id -u; touch /app/x 2>/dev/null && exit 1; touch /x 2>/dev/null && exit 1; touch /pool/x && rm /pool/x') || fail "the root file system can be written, or the pool cannot"

say "The main job (demo, 600 transfers)"
(inside $dotnet /app/Ingest.Worker.dll demo --transfers 600 --pool /pool/demo) | tail -5 || fail "the demo is not right"

say "The service"
settings=(--setenv Ingest__Health__Port $port --setenv Ingest__Kafka__BootstrapServers "${KAFKA:-127.0.0.1:1}")
for property in ${PROPERTIES:-}; do settings+=(--setenv "Ingest__Kafka__Properties__${property%%=*}" "${property#*=}"); done
(inside $dotnet /app/Ingest.Worker.dll run) >"$work/run.log" 2>&1 &
service=$!
for _ in $(seq 120); do (inside $dotnet /app/Ingest.Worker.dll health --live) >/dev/null 2>&1 && break; sleep 0.5; done
(inside $dotnet /app/Ingest.Worker.dll health --live) || fail "the health check does not answer; see $work/run.log"
(inside $dotnet /app/Ingest.Worker.dll health) || echo "  (not ready: exit code $?)"
# SIGTERM to the program itself, as an engine sends it to the container's first process.
program=$(pgrep -u $user -f "Ingest.Worker.dll run" | tail -1)
started=$SECONDS
kill -TERM "$program"
status=0
wait $service || status=$?
tail -2 "$work/run.log"
[ "$status" = 0 ] || fail "SIGTERM ended it with $status; see $work/run.log"
echo "SIGTERM: exit code 0 after $((SECONDS - started)) s"
say "All as promised"
