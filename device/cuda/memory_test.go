package cuda

import (
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

func TestBlockSize(t *testing.T) {
	classes, exact := newMemory(Options{}), newMemory(Options{Exact: true})
	for _, c := range []struct{ n, class, exact int64 }{
		{0, 256, 1}, {1, 256, 1}, {257, 512, 257}, {2048, 2048, 2048}, {2049, 2304, 2049}, {4097, 4608, 4097}, {1 << 20, 1 << 20, 1 << 20},
	} {
		require.Equal(t, c.class, classes.blockSize(c.n), "%d bytes", c.n)
		require.Equal(t, c.exact, exact.blockSize(c.n), "%d bytes, exactly", c.n)
	}
}

// TestTrim fills the GPU with cached blocks, which go back before memory is
// said to be out.
func TestTrim(t *testing.T) {
	d, null := openNull(t, Options{})
	null.capacity = 1 << 20
	for n := 1000; n <= 50_000; n *= 2 {
		d.Free(alloc(t, d, n))
	}
	big := alloc(t, d, 200_000)
	require.Equal(t, int64(len(null.at(of(big).ptr, 800_000))), int64(800_000))
	require.Zero(t, d.Stats().Cached, "trimmed")

	_, err := d.Alloc(device.BFloat16, 200_000)
	var full *device.MemoryError
	require.ErrorAs(t, err, &full)
	require.Equal(t, []device.Holder{{DType: device.Float32, Len: 200_000, Count: 1}}, full.Holders)
	require.EqualValues(t, 425_984, full.Want)
	d.run(device.Call{}, func(l *launcher) { require.Zero(t, l.floats(100_000)) })
	require.ErrorAs(t, d.Sync(), &full, "no workspace")
	require.NoError(t, d.Sync(), "it is reported once")
	require.EqualValues(t, 1, d.Stats().Skipped)
	d.Free(big)
	d.Free(alloc(t, d, 200_000))
}

// TestLimitTrims: cached blocks go back, the largest first, where a new one would exceed
// the limit with them.
func TestLimitTrims(t *testing.T) {
	d, null := openNull(t, Options{MemoryLimit: 1 << 20})
	var free []device.Buffer
	for _, n := range [...]int{16 << 10, 128 << 10, 64 << 10, 48 << 10} { // words: the whole limit
		free = append(free, alloc(t, d, n))
	}
	for _, x := range free {
		d.Free(x)
	}
	alloc(t, d, 160<<10)
	require.EqualValues(t, 256<<10, d.Stats().Cached, "512 and 256 KiB went")
	require.Equal(t, 2, null.count("Free"))
	require.LessOrEqual(t, d.Stats().Live+d.Stats().Cached, int64(1<<20))
}

// TestBothDerivativesOrNone gives a call whose both results want workspace memory
// for none, one and both.
func TestBothDerivativesOrNone(t *testing.T) {
	s := device.Binary{Func: device.Mul, Dims: device.Dims{1, 1, 1, 1, 64, 8}, RepeatA: [6]bool{4: true}, RepeatB: [6]bool{5: true}}
	seen := map[int]bool{}
	for room := int64(0); room <= 4096; room += 256 {
		d, null := openNull(t, Options{})
		a, b, da, db, dy := alloc(t, d, 8), alloc(t, d, 64), alloc(t, d, 8), alloc(t, d, 64), alloc(t, d, 512)
		d.limit = d.Stats().Live + room
		d.BinaryGrad(device.To(da), device.To(db), dy, a, b, s)
		launches := null.count("Launch")
		require.Equal(t, launches == 0, d.Err() != nil, "%d bytes", room)
		seen[launches] = true
	}
	require.Equal(t, map[int]bool{0: true, 4: true}, seen, "two kernels for each of both, or none")
}

// TestReplayOwnership frees while recording, and after it.
func TestReplayOwnership(t *testing.T) {
	d, null := openNull(t, Options{})
	before := alloc(t, d, 1000)
	var kept device.Buffer
	r, err := d.Record(func() error {
		x := alloc(t, d, 1000)
		d.Unary(device.To(x), before, device.Unary{Func: device.ReLU})
		d.Free(x)
		kept = alloc(t, d, 1000)
		require.Equal(t, of(x).block, of(kept).block, "shared within the recording")
		d.Unary(device.To(kept), before, device.Unary{Func: device.ReLU})
		return nil
	})
	require.NoError(t, err)
	d.Free(before)
	other := alloc(t, d, 1000)
	require.NotEqual(t, of(before).block, of(other).block, "pinned")

	null.log = nil
	require.NoError(t, r.Run())
	require.Equal(t, []string{"LaunchGraph"}, null.log)
	d.Upload(kept, make([]float32, 1000))
	null.log = nil
	require.NoError(t, r.Run())
	require.Equal(t, []string{"Wait", "LaunchGraph"}, null.log, "the graph waits for an upload into its memory")

	r.Close()
	require.Equal(t, int64(2*4096), d.Stats().Live, "kept and other")
	d.Free(kept)
	d.Free(other)
	require.Zero(t, d.Stats().Live)
	require.Panics(t, func() { r.Run() })
}

// TestRecordPanics ends the capture and gives its memory back.
func TestRecordPanics(t *testing.T) {
	d, null := openNull(t, Options{})
	require.PanicsWithValue(t, "f", func() {
		d.Record(func() error {
			d.Free(alloc(t, d, 1000))
			d.Upload(nil, nil)
			panic("f")
		})
	})
	require.Equal(t, 1, null.count("NewGraph"))
	require.Zero(t, d.Stats().Live)
	require.NoError(t, d.Sync())
}

func TestNothingIsAllocated(t *testing.T) {
	d, null := openNull(t, Options{})
	null.quiet = true
	b := alloc(t, d, 1000)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		d.run(device.Call{Op: "Step", Dst: [4]device.Dst{device.To(b)}}, func(l *launcher) {
			l.launch("unary", "relu", "f32", elements(1000), l.args().dst(device.To(b)).at(l.floats(1000)))
		})
	}), "a launch")
	r, err := d.Record(func() error { step(d, b); return nil })
	require.NoError(t, err)
	defer r.Close()
	require.Zero(t, testing.AllocsPerRun(100, func() { r.Run() }), "a replay")
}

// BenchmarkLaunch is the Go side of an eager kernel call.
func BenchmarkLaunch(b *testing.B) {
	d, null := openNull(b, Options{})
	null.quiet = true
	x := alloc(b, d, 1000)
	b.ReportAllocs()
	for b.Loop() {
		d.Unary(device.To(x), x, device.Unary{Func: device.ReLU})
	}
}
