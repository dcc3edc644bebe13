package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule"
)

// Only auto looks for a GPU, so only auto has a reason to give.
func TestPlace(t *testing.T) {
	dev, err := chainrule.Open("cpu", chainrule.Threads(1))
	require.NoError(t, err)
	defer dev.Close()
	require.Regexp(t, `^cpu, \w+, 1 threads$`, (&compute{Device: "cpu"}).place(dev))
	require.Regexp(t, `^cpu, \w+, 1 threads(; no GPU: .+)?$`, (&compute{Device: "auto"}).place(dev))
}
