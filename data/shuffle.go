package data

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Permutation returns the numbers 0..n-1 in an order drawn by seed and stream:
// the same on every machine and under every version of Go. A [Loader] uses the
// epoch as the stream.
func Permutation(n int, seed, stream uint64) []int {
	random := newRandom(seed, stream)
	order := make([]int, n)
	for i := range order {
		j := below(random, i+1)
		order[i] = order[j]
		order[j] = i
	}
	return order
}

// newRandom is ChaCha8, whose output is fixed by its specification
// (C2SP chacha8rand); seed and stream are its key.
func newRandom(seed, stream uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[0:], seed)
	binary.LittleEndian.PutUint64(key[8:], stream)
	return rand.NewChaCha8(key)
}

// below draws from 0..n-1 by multiplication (Lemire 2019); its bias is less
// than n/2⁶⁴.
func below(random *rand.ChaCha8, n int) int {
	high, _ := bits.Mul64(random.Uint64(), uint64(n))
	return int(high)
}

// Stratify divides images in two by seed so that each class keeps its share:
// fraction of its images (rounded) are in, the rest are out, and a class of two
// or more has at least one on each side. Both lists of indices are ascending.
func Stratify(labels []int32, fraction float64, seed uint64) (in, out []int) {
	classes := map[int32][]int{}
	for i, label := range labels {
		classes[label] = append(classes[label], i)
	}
	for class, members := range classes {
		quota := int(math.Round(fraction * float64(len(members))))
		if len(members) > 1 {
			quota = min(max(quota, 1), len(members)-1)
		}
		for rank, k := range Permutation(len(members), seed, uint64(class)) {
			if rank < quota {
				in = append(in, members[k])
			} else {
				out = append(out, members[k])
			}
		}
	}
	slices.Sort(in)
	slices.Sort(out)
	return in, out
}
