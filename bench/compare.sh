#!/bin/sh
# Measures Chainrule beside PyTorch, in turn, and prints a table as Markdown:
#
#	bench/compare.sh > bench/COMPARE.md          # all: some ten minutes
#	bench/compare.sh MatMul                      # cases that match a regular expression
#	bench/compare.sh --rounds 3 Step/lenet
#
# It wants a Python that has torch: $CHAINRULE_TORCH_PYTHON, or python3. Neither
# the library nor its tests ever use either.
set -eu
cd "$(dirname "$0")"
python=${CHAINRULE_TORCH_PYTHON:-python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
	echo "compare.sh: $python has no torch: name one that has with CHAINRULE_TORCH_PYTHON" >&2
	exit 1
fi
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
CGO_ENABLED=0 go test -c -o "$built/bench" .
"$python" -B compare.py "$built/bench" "$@"
