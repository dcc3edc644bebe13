package cpu

import (
	"math"
	"sync"
	"testing"
	"unsafe"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// openBed is a bed on a device with options of its own.
func openBed(t *testing.T, o Options) *bed {
	d, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return newBed(t, d)
}

func TestSizeClasses(t *testing.T) {
	previous := int64(0)
	for n := int64(1); n < 1<<20; n += 1 + n/97 {
		size := sizeClass(n)
		require.GreaterOrEqual(t, size, n)
		require.GreaterOrEqual(t, size, previous, "of %d bytes", n)
		require.Zero(t, size%256, "of %d bytes", n)
		require.Less(t, size-n, max(256, n/8+1), "waste of %d bytes", n)
		previous = size
	}
	require.EqualValues(t, 4*device.MaxLen+4, sizeClass(4*device.MaxLen))
}

func TestAllocAligns(t *testing.T) {
	b := openBed(t, Options{})
	for n := 1; n < 3000; n += 7 {
		address := uintptr(unsafe.Pointer(unsafe.SliceData(f32(b.alloc(device.Float32, n)))))
		require.Zero(t, address%256, "of %d elements", n)
	}
}

// TestFreeLetsBlocksBeShared goes through the life of one block: it serves any
// shape and dtype of its size.
func TestFreeLetsBlocksBeShared(t *testing.T) {
	b := openBed(t, Options{})
	x := b.alloc(device.Float32, 1000) // 4000 bytes: of the class 4096
	require.Equal(t, device.Stats{Live: 4096, Peak: 4096, Allocs: 1}, b.Stats())
	b.Free(x)
	require.Equal(t, device.Stats{Peak: 4096, Cached: 4096, Allocs: 1}, b.Stats())
	y := b.alloc(device.BFloat16, 2000)
	require.Same(t, of(x).block, of(y).block)
	b.alloc(device.Uint8, 4000)
	require.Equal(t, device.Stats{Live: 8192, Peak: 8192, Allocs: 2}, b.Stats())
}

func TestMemoryErrorNamesHolders(t *testing.T) {
	b := openBed(t, Options{MemoryLimit: 10_240})
	big := b.alloc(device.Float32, 1024)
	b.alloc(device.BFloat16, 128)
	b.alloc(device.BFloat16, 128)
	b.alloc(device.Int32, 8)
	b.alloc(device.Uint8, 1)

	_, err := b.Alloc(device.Float32, 2048)
	var full *device.MemoryError
	require.ErrorAs(t, err, &full)
	require.Equal(t, &device.MemoryError{
		Device: "cpu", Want: 8192, Live: 5120, Limit: 10_240, Holders: []device.Holder{
			{DType: device.Float32, Len: 1024, Count: 1}, {DType: device.BFloat16, Len: 128, Count: 2}, {DType: device.Int32, Len: 8, Count: 1},
		}}, full)
	b.Free(big)
	b.alloc(device.Float32, 2048)
}

// TestLimitHoldsForCached frees blocks of ever larger sizes: with what is live,
// they stay within the limit, and what a replay owns is not given back.
func TestLimitHoldsForCached(t *testing.T) {
	b := openBed(t, Options{MemoryLimit: 1 << 20})
	var kept device.Buffer
	replay, err := b.Record(func() error {
		kept = b.alloc(device.Float32, 1000)
		b.Fill(device.To(kept), 3)
		return nil
	})
	require.NoError(t, err)
	for n := 1000; n <= 250_000; n += n / 9 {
		b.Free(b.alloc(device.Float32, n))
		s := b.Stats()
		require.EqualValues(t, 4096, s.Live)
		require.LessOrEqual(t, s.Live+s.Cached, int64(1<<20))
	}
	require.NoError(t, replay.Run())
	require.Equal(t, 3.0, b.download(kept)[0][999])
	replay.Close()
}

// TestLimitGivesBackTheLeast frees blocks of several sizes: of these the largest go, as
// many as a new one needs.
func TestLimitGivesBackTheLeast(t *testing.T) {
	b := openBed(t, Options{MemoryLimit: 1 << 20})
	var free []device.Buffer
	for _, size := range [...]int{64 << 10, 128 << 10, 512 << 10, 64 << 10, 256 << 10} { // the whole limit
		free = append(free, b.alloc(device.Uint8, size))
	}
	for _, x := range free {
		b.Free(x)
	}
	b.alloc(device.Uint8, 640<<10)
	require.EqualValues(t, 256<<10, b.Stats().Cached)
	require.EqualValues(t, 6, b.Stats().Allocs)
	for range 2 {
		b.alloc(device.Uint8, 64<<10)
	}
	require.EqualValues(t, 6, b.Stats().Allocs, "both are still there")
}

// TestRecordedCallWithoutWorkspace: the recording fails, the device goes on.
func TestRecordedCallWithoutWorkspace(t *testing.T) {
	b := openBed(t, Options{MemoryLimit: 2048})
	grad, control := b.data(device.Float32, 300), b.alloc(device.Int32, device.ControlWords)
	filler := b.alloc(device.Uint8, 256)
	gate := func() error { b.Gate(control, grad, nil, device.Gate{}); return nil }

	_, err := b.Record(gate)
	require.ErrorAs(t, err, new(*device.MemoryError))
	require.NoError(t, b.Err(), "it is reported once")
	b.Free(filler)
	replay, err := b.Record(gate)
	require.NoError(t, err)
	replay.Close()
}

// TestRecordingThatPanics holds no memory, and the device goes on.
func TestRecordingThatPanics(t *testing.T) {
	b := openBed(t, Options{})
	require.PanicsWithValue(t, "user", func() {
		_, _ = b.Record(func() error { b.Free(b.alloc(device.Float32, 1000)); panic("user") })
	})
	require.Zero(t, b.Stats().Live)
	require.NoError(t, b.Sync())
}

func TestPoisonFillsWorkspace(t *testing.T) {
	b := openBed(t, Options{})
	b.Poison(true)
	b.Device.(*Device).run(device.Call{}, func(p *plan) {
		for _, v := range p.floats(100) {
			require.True(t, math.IsNaN(float64(v)))
		}
	})
}

// TestRecordingKeepsItsBlocks frees inside a recording: the block is handed out
// again there, and nowhere else before Close.
func TestRecordingKeepsItsBlocks(t *testing.T) {
	b := openBed(t, Options{})
	var first, second device.Buffer
	replay, err := b.Record(func() error {
		first = b.alloc(device.Float32, 1000)
		b.Free(first)
		second = b.alloc(device.Float32, 1000)
		b.Free(second)
		return nil
	})
	require.NoError(t, err)
	require.Same(t, of(first).block, of(second).block)

	outside := b.alloc(device.Float32, 1000)
	require.NotSame(t, of(first).block, of(outside).block)
	replay.Close()
	require.Same(t, of(first).block, of(b.alloc(device.Float32, 1000)).block)
}

// TestBlockPinnedTwice is freed by the user and then by both replays that use
// it; the second gives it back.
func TestBlockPinnedTwice(t *testing.T) {
	b := openBed(t, Options{})
	x := b.data(device.Float32, 1000)
	fill := func() error { b.Fill(device.To(x), 1); return nil }
	one, err := b.Record(fill)
	require.NoError(t, err)
	two, err := b.Record(fill)
	require.NoError(t, err)

	b.Free(x)
	one.Close()
	require.EqualValues(t, 4096, b.Stats().Live)
	require.NoError(t, two.Run())
	two.Close()
	two.Close()
	require.Equal(t, device.Stats{Peak: 4096, Cached: 4096, Allocs: 1}, b.Stats())
}

// TestReplayUsesAnothersBlock closes the owner of a block while a second replay
// uses it.
func TestReplayUsesAnothersBlock(t *testing.T) {
	b := openBed(t, Options{})
	var x device.Buffer
	owner, err := b.Record(func() error { x = b.alloc(device.Float32, 1000); return nil })
	require.NoError(t, err)
	user, err := b.Record(func() error { b.Fill(device.To(x), 1); return nil })
	require.NoError(t, err)

	b.Free(x)
	owner.Close()
	require.NotSame(t, of(x).block, of(b.alloc(device.Float32, 1000)).block)
	user.Close()
	require.Same(t, of(x).block, of(b.alloc(device.Float32, 1000)).block)
}

func TestUseAfterClose(t *testing.T) {
	d, err := New(Options{})
	require.NoError(t, err)
	x, err := d.Alloc(device.Float32, 10)
	require.NoError(t, err)
	replay, err := d.Record(func() error { d.Fill(device.To(x), 1); return nil })
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())

	for name, use := range map[string]func(){
		"Alloc":    func() { _, _ = d.Alloc(device.Float32, 1) },
		"Upload":   func() { d.Upload(x, make([]float32, 10)) },
		"Download": func() { _ = d.Download(make([]float32, 10), x) },
		"Sync":     func() { _ = d.Sync() },
		"Fill":     func() { d.Fill(device.To(x), 1) },
		"Run":      func() { _ = replay.Run() },
	} {
		require.PanicsWithValue(t, "cpu: device used after Close", use, name)
	}
	d.Free(x)
	replay.Close()
	require.Zero(t, d.Stats().Live)
}

// TestPanicLeavesTheDeviceOpen: whoever recovers from a bug of ours, or of the
// caller's within Record, can go on to close the device.
func TestPanicLeavesTheDeviceOpen(t *testing.T) {
	b := openBed(t, Options{Threads: 2})
	b.alloc(device.Float32, 1)
	for _, bug := range []func(p *plan){
		func(*plan) { panic("bug") },
		func(p *plan) { p.floats(10); p.each(1, func(_, _ int) { panic("bug") }) },
	} {
		require.Panics(t, func() { b.Device.(*Device).run(device.Call{}, bug) })
		require.NoError(t, b.Sync())
	}
	require.Panics(t, func() { _, _ = b.Record(func() error { panic("bug") }) })
	require.NoError(t, b.Sync(), "nothing is being recorded")
	require.EqualValues(t, 256, b.Stats().Live, "the workspace came back")
}

// TestManyGoroutines allocates, computes, replays and reads from several
// goroutines at once.
func TestManyGoroutines(t *testing.T) {
	b := openBed(t, Options{Threads: 3})
	y := b.alloc(device.Float32, 10_000)
	replay, err := b.Record(func() error { b.Fill(device.To(y), 7); return nil })
	require.NoError(t, err)
	b.Trace(func(device.Call) { b.Stats() })

	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			got := make([]float32, 10_000)
			for range 20 {
				x, err := b.Alloc(device.Float32, len(got))
				if err != nil || replay.Run() != nil {
					t.Error("goroutine", g, "failed:", err)
					return
				}
				b.Fill(device.To(x), float32(g))
				b.Unary(device.To(x), x, device.Unary{Func: device.Affine, A: 2, B: 1})
				if err := b.Download(got, x); err != nil || got[9999] != float32(2*g+1) {
					t.Error("goroutine", g, "reads", got[9999], err)
				}
				b.Free(x)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, sizeClass(40_000), b.Stats().Live)
	replay.Close()
}
