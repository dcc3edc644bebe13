package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run must be repeatable years later: these numbers may never change.
func TestPermutationIsFixed(t *testing.T) {
	require.Equal(t, []int{3, 9, 8, 1, 5, 6, 0, 2, 4, 7}, Permutation(10, 1, 1))
}

func TestPermutationVisitsAllInNewOrders(t *testing.T) {
	first := Permutation(1000, 1, 1)
	sorted := slices.Sorted(slices.Values(first))
	for i, v := range sorted {
		require.Equal(t, i, v)
	}
	require.NotEqual(t, first, Permutation(1000, 1, 2), "another epoch")
	require.NotEqual(t, first, Permutation(1000, 2, 1), "another seed")
	require.Empty(t, Permutation(0, 1, 1))
}

// Each of the 24 orders of 4 comes up in a share of 1/24: the bound is five
// standard deviations of a binomial distribution.
func TestPermutationIsUniform(t *testing.T) {
	const draws = 24_000
	counts := map[[4]int]int{}
	for epoch := range uint64(draws) {
		counts[[4]int(Permutation(4, 1, epoch))]++
	}
	require.Len(t, counts, 24)
	for order, count := range counts {
		require.InDelta(t, draws/24, count, 155, "%v", order)
	}
}
