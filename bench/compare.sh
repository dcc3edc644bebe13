#!/bin/sh
# Measures Chainrule beside PyTorch, in turn, and prints a table as Markdown:
#
#	bench/compare.sh --out bench/COMPARE.md      # all: some ten minutes
#	bench/compare.sh MatMul                      # cases that match a regular expression
#	bench/compare.sh --rounds 3 --seconds 0.1 Step/lenet
#
# --rounds (7) are how often the two sides take turns, --seconds (0.2) how long each
# has in a round. --out is written when all is measured; without it the table goes
# to the output.
#
# It wants a Python that has torch: $CHAINRULE_TORCH_PYTHON, or python3. Neither
# the library nor its tests ever use either.
set -eu
case ${1-} in -h | --help)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
	exit ;;
esac
bench=$(dirname "$0")
python=${CHAINRULE_TORCH_PYTHON:-python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
	echo "compare.sh: $python has no torch: name one that has with CHAINRULE_TORCH_PYTHON" >&2
	exit 1
fi
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
CGO_ENABLED=0 go test -C "$bench" -c -o "$built/bench" .
"$python" -B "$bench/compare.py" "$built/bench" "$@"
