package data

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// collect copies all batches of an epoch.
func collect(t *testing.T, d *Dataset, options LoaderOptions, epoch int) []Batch {
	t.Helper()
	loader, err := NewLoader(d, options)
	require.NoError(t, err)
	var batches []Batch
	for batch, err := range loader.Epoch(t.Context(), epoch) {
		require.NoError(t, err)
		batches = append(batches, Batch{slices.Clone(batch.Images), slices.Clone(batch.Labels)})
	}
	require.Len(t, batches, loader.Batches())
	return batches
}

func TestEpochInOrder(t *testing.T) {
	batches := collect(t, numbered(5), LoaderOptions{Batch: 2}, 1)
	require.Equal(t, []Batch{
		{Images: []byte{0, 1, 1, 2}, Labels: []int32{0, 1}},
		{Images: []byte{2, 3, 3, 4}, Labels: []int32{2, 0}},
		{Images: []byte{4, 5}, Labels: []int32{1}}, // the last, partial one is kept
	}, batches)
	require.Equal(t, 1, batches[2].Len())
}

func TestEpochShufflesPairs(t *testing.T) {
	d := numbered(100)
	seen := map[byte]bool{}
	for _, batch := range collect(t, d, LoaderOptions{Batch: 7, Shuffle: true, Seed: 3}, 1) {
		for i, label := range batch.Labels {
			number := batch.Images[2*i]
			require.Equal(t, int32(number%3), label, "an image keeps its label")
			seen[number] = true
		}
	}
	require.Len(t, seen, 100, "every image once")
}

func TestEpochIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	d := numbered(100)
	options := LoaderOptions{Batch: 7, Shuffle: true, Seed: 3}
	want := collect(t, d, options, 1)
	for _, workers := range []int{1, 2, 7, 40} {
		options.Workers = workers
		require.Equal(t, want, collect(t, d, options, 1), "%d workers", workers)
	}
	require.NotEqual(t, want, collect(t, d, options, 2), "another epoch, another order")
}

// A bubble of synctest fails when goroutines are left in it.
func TestEpochLeavesNoGoroutine(t *testing.T) {
	for _, workers := range []int{1, 3} {
		for _, steps := range []int{1, 2, 5, 50} {
			t.Run(fmt.Sprintf("%d workers, %d steps", workers, steps), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					loader, err := NewLoader(numbered(100), LoaderOptions{Batch: 2, Workers: workers})
					require.NoError(t, err)
					taken := 0
					for range loader.Epoch(t.Context(), 1) {
						if taken++; taken == steps {
							break
						}
					}
					require.Equal(t, steps, taken)
				})
			})
		}
	}
}

func TestEpochStopsWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		loader, err := NewLoader(numbered(100), LoaderOptions{Batch: 2, Workers: 3})
		require.NoError(t, err)
		var last error
		steps := 0
		for _, err := range loader.Epoch(ctx, 4) {
			if steps++; steps == 3 {
				cancel()
			}
			last = err
		}
		require.Equal(t, 4, steps, "the error comes last")
		require.ErrorIs(t, last, context.Canceled)
		require.EqualError(t, last, "epoch 4 stopped: context canceled")
	})
}

func TestEpochMayRunTwiceAtOnce(t *testing.T) {
	loader, err := NewLoader(numbered(10), LoaderOptions{Batch: 3, Shuffle: true})
	require.NoError(t, err)
	count := 0
	for outer := range loader.Epoch(t.Context(), 1) {
		before := slices.Clone(outer.Images)
		for inner := range loader.Epoch(t.Context(), 2) {
			count += inner.Len()
		}
		require.Equal(t, before, outer.Images)
	}
	require.Equal(t, 40, count)
}

// The buffers are made once: ten times the batches take no more allocations
// (but for a few of the scheduler's own).
func TestEpochAllocatesNothingPerBatch(t *testing.T) {
	allocations := func(images int) float64 {
		loader, err := NewLoader(numbered(images), LoaderOptions{Batch: 2, Shuffle: true})
		require.NoError(t, err)
		return testing.AllocsPerRun(5, func() {
			for _, err := range loader.Epoch(context.Background(), 1) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	require.Less(t, allocations(2000), allocations(200)+20)
}

func TestNewLoaderRefuses(t *testing.T) {
	for batch, want := range map[int]string{
		0:   "data: a batch of 0 images, at least 1 is needed",
		101: "data: a batch of 101 images is larger than the set, which has 100",
	} {
		_, err := NewLoader(numbered(100), LoaderOptions{Batch: batch})
		require.EqualError(t, err, want)
		var size *BatchSizeError
		require.ErrorAs(t, err, &size)
	}
	_, err := NewLoader(&Dataset{}, LoaderOptions{Batch: 1})
	require.Error(t, err)
}

func BenchmarkEpoch(b *testing.B) {
	d := &Dataset{Height: 28, Width: 28, Channels: 1, Classes: []string{"a", "b"}}
	d.Pixels, d.Labels = make([]byte, 6000*784), make([]int32, 6000)
	loader, err := NewLoader(d, LoaderOptions{Batch: 64, Shuffle: true})
	require.NoError(b, err)
	b.SetBytes(int64(len(d.Pixels)))
	b.ReportAllocs()
	for b.Loop() {
		for range loader.Epoch(context.Background(), 1) {
		}
	}
}

func TestLoaderStartsNoIdleWorkers(t *testing.T) {
	set := numbered(10)
	loader, err := NewLoader(set, LoaderOptions{Batch: 4, Workers: 1 << 40})
	require.NoError(t, err)
	require.Equal(t, 3, loader.options.Workers)
}
