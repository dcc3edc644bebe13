package cpu

import (
	"sync"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

func TestOptionsOutOfRange(t *testing.T) {
	for want, o := range map[string]Options{
		"cpu: -1 threads: want 1 to 4096, or 0 for all":                      {Threads: -1},
		"cpu: 1000000000 threads: want 1 to 4096, or 0 for all":              {Threads: 1e9},
		"cpu: a memory limit of -5 bytes: want 1 or more, or 0 for no limit": {MemoryLimit: -5},
	} {
		_, err := New(o)
		require.EqualError(t, err, want)
	}
}

// TestBufferNotOurs: memory of another device, or given back and perhaps
// somebody else's by now, is neither read nor written.
func TestBufferNotOurs(t *testing.T) {
	b, other := openBed(t, Options{}), openBed(t, Options{})
	freed := b.alloc(device.Float32, 4)
	part := freed.Slice(0, 2)
	b.Free(freed)
	for name, x := range map[string]device.Buffer{"another's": other.alloc(device.Float32, 4), "freed": freed, "a part of it": part} {
		for _, use := range []func(){
			func() { b.Fill(device.To(x), 1) },
			func() { b.Convert(device.Dst{}, x) },
			func() { b.Upload(x, make([]float32, x.Len())) },
			func() { _ = b.Download(make([]float32, x.Len()), x) },
			func() { _, _ = b.Record(func() error { b.Fill(device.To(x), 1); return nil }) },
		} {
			require.PanicsWithValue(t, "cpu: use of a buffer of another device, or after its Free", use, name)
		}
	}
	require.NoError(t, b.Sync())
}

func TestPanicInRecordGivesItsMemoryBack(t *testing.T) {
	b := openBed(t, Options{})
	require.PanicsWithValue(t, "bug", func() {
		_, _ = b.Record(func() error {
			x := b.alloc(device.Float32, 1000)
			b.Fill(device.To(x), 1)
			b.Free(x)
			b.Upload(x, nil)
			panic("bug")
		})
	})
	require.Zero(t, b.Stats().Live)
	require.NoError(t, b.Err())
}

// TestCloseDuringRun: whoever still plays is told so, by a panic that says it.
func TestCloseDuringRun(t *testing.T) {
	b := openBed(t, Options{Threads: 1})
	x := b.data(device.Float32, 10)
	replay, err := b.Record(func() error {
		for range 100 {
			b.Fill(device.To(x), 1)
		}
		return nil
	})
	require.NoError(t, err)
	var players sync.WaitGroup
	started := make(chan struct{})
	for range 2 {
		players.Go(func() {
			defer func() { require.Equal(t, "cpu: Replay used after Close", recover()) }()
			for {
				_ = replay.Run()
				started <- struct{}{}
			}
		})
	}
	<-started
	go func() {
		for range started { // until the players have ended
		}
	}()
	replay.Close()
	players.Wait()
	close(started)
}
