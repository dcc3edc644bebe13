#!/usr/bin/env bash
# Proves and measures Chainrule on a machine with an NVIDIA GPU, which needs neither
# Go nor a network: this repository's files and its driver are enough.
#
#   bench/gpu.sh build    builds the test programs into build/gpu, for linux/amd64
#                         unless GOOS and GOARCH say otherwise
#   bench/gpu.sh          runs them on cuda:0, writes build/gpu/report.md, and adds the
#                         GPU's column to device/devicetest/PROOF.md
#
# Fails where anything did. A machine without a GPU is told so; that is a failure
# where the list CHAINRULE_REQUIRE names cuda.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD gpu=$PWD/build/gpu report=$PWD/build/gpu/report.md
folders=(. bench device/cuda device/cuda/driver/dl)

# program is the test program of a folder: device/cuda is in device-cuda.test.
program() {
  local name=${1//\//-}
  echo "$gpu/${name/#./chainrule}.test"
}

build() {
  mkdir -p "$gpu"
  for folder in "${folders[@]}"; do
    CGO_ENABLED=0 GOOS=${GOOS:-linux} GOARCH=${GOARCH:-amd64} go test -c -tags cuda -o "$(program "$folder")" "./$folder"
  done
  git describe --always --dirty > "$gpu/commit"
  echo "built ${#folders[@]} test programs into build/gpu: run bench/gpu.sh on a machine with a GPU"
}

# run runs a folder's tests where go test would.
run() { (cd "$root/$1" && "$(program "$1")" "${@:2}"); }

# find_gpu ends the script where there is no GPU.
find_gpu() {
  [ -x "$(program .)" ] || { echo 'bench/gpu.sh: build/gpu has no test programs: run bench/gpu.sh build on a machine with Go' >&2; exit 1; }
  local out
  if ! out=$(run . -test.v -test.run '^TestGPUIsHere$' 2>&1) || ! grep -q -e '^--- ' <<< "$out"; then
    printf 'bench/gpu.sh: no GPU here that works, and CHAINRULE_REQUIRE=%s wants one:\n%s\n' "${CHAINRULE_REQUIRE:-}" "$out" >&2
    exit 1
  fi
  if grep -q -e '--- SKIP' <<< "$out"; then
    echo "bench/gpu.sh: no GPU here, nothing was proven: $(sed -n 's/^ *gpu_test.go:[0-9]*: //p' <<< "$out")"
    exit 0
  fi
  found=$(sed -n 's/^ *gpu_test.go:[0-9]*: //p' <<< "$out")
}

# step NAME SIGN FOLDER ARGUMENT... runs a folder's tests under a heading. They
# passed where the program ends well and a line has the sign that they ran. The
# report has what they print, but for the tests below those asked for that passed.
failed=()
step() {
  local name=$1 sign=$2 out start=$SECONDS verdict=passed
  echo "== $name"
  if ! out=$(run "${@:3}" 2>&1) || ! grep -q "$sign" <<< "$out"; then
    verdict=FAILED
    failed+=("$name")
  fi
  echo "$verdict in $((SECONDS - start)) s"
  out=$(grep -v -e '^=== ' -e '^  *--- PASS' <<< "$out" | tail -n 300 || true)
  printf '\n## %s: %s in %d s\n\n```\n%s\n```\n' "$name" "$verdict" $((SECONDS - start)) "$out" >> "$report"
}

# check NAME FOLDER TEST and measure NAME FOLDER PATTERN SIGN are steps of one kind.
check() { step "$1" "^--- PASS: $3 " "$2" -test.v -test.timeout 30m -test.run "^$3\$"; }
measure() { step "$1" "^Benchmark.*$4.*ns/op" "$2" -test.timeout 30m -test.run '^$' -test.bench "$3"; }

prove() {
  find_gpu
  export CHAINRULE_REQUIRE=cuda
  printf '# Chainrule on a GPU\n\n- cuda:0: %s\n- Commit: %s\n- Date: %s\n- Host: %s, %d cores\n' \
    "$found" "$(cat "$gpu/commit")" "$(date -u +%F)" "$(uname -srm)" "$(nproc)" > "$report"
  check 'Driver' device/cuda/driver/dl TestDriver
  CHAINRULE_UPDATE=1 check 'Conformance, counted in device/devicetest/PROOF.md' . TestGPU
  check 'Golden results, and trainings equal to the CPU' . TestGPUGolden
  measure 'Cost of a launch, by the driver' device/cuda/driver/dl '^BenchmarkLaunch$' Launch
  measure 'Cost of a launch, on this side of it' device/cuda '^BenchmarkLaunch$' Launch
  measure 'A training step of CIFAR-10 size' bench '^BenchmarkStep$/^resnet20' cuda:0
  measure 'Operations' bench '.*/.*/^cuda:0$' cuda:0
  echo "wrote $report"
  [ ${#failed[@]} = 0 ] || { printf 'bench/gpu.sh: failed: %s\n' "${failed[@]}" >&2; exit 1; }
}

case "${1:-prove}" in
  build) build ;;
  prove) prove ;;
  *) echo 'usage: bench/gpu.sh [build]' >&2; exit 2 ;;
esac
