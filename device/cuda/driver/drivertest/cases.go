package drivertest

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
)

func testDevices(t *testing.T, d driver.Driver) {
	require.NotEmpty(t, d.Name())
	v, err := d.Version()
	require.NoError(t, err)
	require.GreaterOrEqual(t, v, 11000)
	n, err := d.Count()
	require.NoError(t, err)
	require.Positive(t, n)
	for i := range n {
		p, err := d.Properties(i)
		require.NoError(t, err)
		require.NotEmpty(t, p.Name)
		require.Equal(t, 32, p.WarpSize)
		for _, v := range []int{p.Major, p.Multiprocessors, p.SharedPerBlock, p.MaxThreadsPerBlock, p.RegistersPerBlock} {
			require.Positive(t, v, "%+v", p)
		}
		require.GreaterOrEqual(t, p.SharedPerBlockOptin, p.SharedPerBlock)
		require.Positive(t, p.Memory)
	}
	_, err = d.Properties(n)
	requireCode(t, err, driver.InvalidDevice)
	_, err = d.Open(n)
	requireCode(t, err, driver.InvalidDevice)
	_, err = d.Open(-1)
	requireCode(t, err, driver.InvalidDevice)
}

func testMemory(t *testing.T, d driver.Driver) {
	s := start(t, d)
	_, total, err := s.MemInfo()
	require.NoError(t, err)
	require.Positive(t, total)
	var seen []driver.Ptr
	for _, n := range []int{1, 255, 256, 257, 1 << 20} {
		p, err := s.Alloc(n)
		require.NoError(t, err)
		require.NotZero(t, p)
		require.Zero(t, p%256, "an allocation of %d bytes at %#x", n, p)
		require.NotContains(t, seen, p)
		seen = append(seen, p)
	}
	free, total, err := s.MemInfo()
	require.NoError(t, err)
	require.Less(t, free, total)
	for _, p := range seen {
		require.NoError(t, s.Free(p))
	}
	_, err = s.Alloc(int(min(total, 1<<62)) + 1)
	requireCode(t, err, driver.OutOfMemory)
	_, err = s.Alloc(0)
	requireCode(t, err, driver.InvalidValue)
	p, err := s.Alloc(256) // after a failure
	require.NoError(t, err)
	require.NoError(t, s.Free(p))
}

func testCopies(t *testing.T, d driver.Driver) {
	s := start(t, d)
	st := s.stream()
	a := s.device(1, 2, 3, 4, 5)
	b := s.device(0, 0, 0, 0, 0)
	require.NoError(t, s.Copy(b+4, a+8, 12, st))
	require.NoError(t, s.Fill(b, 0x12345678, 1, st))
	require.NoError(t, s.Sync(st))
	require.Equal(t, []uint32{0x12345678, 3, 4, 5, 0}, s.words(b, 5))
	require.Equal(t, []uint32{1, 2, 3, 4, 5}, s.words(a, 5))

	host := s.pinned(20)
	binary.LittleEndian.PutUint32(host[4:], 99)
	require.NoError(t, s.Upload(a+12, host[4:8], st)) // part of an allocation, on both sides
	require.NoError(t, s.Download(host[8:12], a+16, st))
	require.NoError(t, s.Sync(st))
	require.Equal(t, uint32(5), binary.LittleEndian.Uint32(host[8:]))
	require.Equal(t, []uint32{1, 2, 3, 99, 5}, s.words(a, 5))
}

func testModule(t *testing.T, d driver.Driver) {
	s := start(t, d)
	m, err := s.Load(PTX)
	require.NoError(t, err)
	_, err = s.Kernel(m, "nothing")
	requireCode(t, err, driver.NotFound)
	f, err := s.Kernel(m, "saxpy")
	require.NoError(t, err)
	a, err := s.Attributes(f)
	require.NoError(t, err)
	require.Zero(t, a.StaticShared)
	require.Zero(t, a.Local)
	require.Positive(t, a.MaxThreads)
	require.NoError(t, s.Unload(m))
}

func testLaunch(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f, st := s.kernel("saxpy"), s.stream()
	const n = 1000
	x, y := s.device(bits(count(n)...)...), s.device(bits(count(n)...)...)
	params := saxpy(y, x, 0.5, n-1) // the last stays
	require.NoError(t, s.Launch(f, driver.Config{Grid: [3]int{4}, Block: [3]int{256}, Stream: st}, params))
	clear(params) // may be reused
	require.NoError(t, s.Sync(st))
	for i, v := range s.floats(y, n-1) {
		require.Equal(t, 1.5*float32(i), v)
	}
	require.Equal(t, count(n), s.floats(x, n))
	require.Equal(t, float32(n-1), s.floats(y+4*(n-1), 1)[0])
}

func testSharedMemory(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f := s.kernel("reverse")
	p, err := d.Properties(0)
	require.NoError(t, err)
	y := s.device(1, 2, 3, 4, 5, 6, 7)
	params := binary.LittleEndian.AppendUint64(nil, uint64(y))
	launch := func(shared int) error {
		return s.Launch(f, driver.Config{Block: [3]int{7}, Shared: shared}, params)
	}
	require.NoError(t, launch(28))
	require.NoError(t, s.Sync(0))
	require.Equal(t, []uint32{7, 6, 5, 4, 3, 2, 1}, s.words(y, 7))

	require.NoError(t, launch(p.SharedPerBlock))
	if p.SharedPerBlockOptin == p.SharedPerBlock {
		return
	}
	requireCode(t, launch(p.SharedPerBlock+4), driver.InvalidValue)
	require.NoError(t, s.SetMaxShared(f, p.SharedPerBlockOptin))
	require.NoError(t, launch(p.SharedPerBlockOptin))
	require.Equal(t, []uint32{7, 6, 5, 4, 3, 2, 1}, s.words(y, 7))
	requireCode(t, s.SetMaxShared(f, p.SharedPerBlockOptin+1), driver.InvalidValue)
}

func testLimits(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f := s.kernel("saxpy")
	a, err := s.Attributes(f)
	require.NoError(t, err)
	x := s.device(bits(1, 2)...)
	params := saxpy(x, x, 1, 0)
	launch := func(grid, block [3]int) error {
		return s.Launch(f, driver.Config{Grid: grid, Block: block}, params)
	}
	require.NoError(t, launch([3]int{}, [3]int{}))
	require.NoError(t, launch([3]int{1, 2, 3}, [3]int{1, a.MaxThreads}))
	requireCode(t, launch([3]int{}, [3]int{a.MaxThreads + 1}), driver.InvalidValue)
	requireCode(t, launch([3]int{}, [3]int{1, 1, 65}), driver.InvalidValue)
	requireCode(t, launch([3]int{1, 1 << 16}, [3]int{}), driver.InvalidValue)
	requireCode(t, launch([3]int{1, 1, 1 << 16}, [3]int{}), driver.InvalidValue)
	require.NoError(t, s.Sync(0)) // none of these broke the context
}

func testStreams(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f, one, two := s.kernel("saxpy"), s.stream(), s.stream()
	x, y := s.device(bits(count(100)...)...), s.device(bits(count(100)...)...)
	from, to, ready := s.event(true), s.event(true), s.event(false)
	cfg := driver.Config{Block: [3]int{128}, Stream: one}
	require.NoError(t, s.Record(from, one))
	require.NoError(t, s.Launch(f, cfg, saxpy(y, x, 1, 100)))
	require.NoError(t, s.Record(to, one))
	require.NoError(t, s.Record(ready, one))
	require.NoError(t, s.Wait(two, ready))
	cfg.Stream = two
	require.NoError(t, s.Launch(f, cfg, saxpy(x, y, 1, 100))) // reads what stream one wrote
	require.NoError(t, s.Sync(two))
	require.Equal(t, float32(3*99), s.floats(x, 100)[99])

	require.NoError(t, s.SyncEvent(ready))
	done, err := s.Done(ready)
	require.NoError(t, err)
	require.True(t, done)
	ms, err := s.Elapsed(from, to)
	require.NoError(t, err)
	require.GreaterOrEqual(t, ms, float32(0))
	_, err = s.Elapsed(from, ready)
	requireCode(t, err, driver.InvalidHandle)
}

func testGraph(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f, st := s.kernel("saxpy"), s.stream()
	x, y := s.device(bits(1, 1, 1)...), s.device(bits(0, 0, 0)...)
	z := s.device(bits(0, 0, 0)...)
	host := s.pinned(12)

	require.NoError(t, s.BeginCapture(st))
	params := saxpy(y, x, 1, 3)
	require.NoError(t, s.Launch(f, driver.Config{Block: [3]int{32}, Stream: st}, params))
	clear(params)
	require.NoError(t, s.Copy(z, y, 8, st))
	require.NoError(t, s.Fill(z+8, 7, 1, st))
	require.NoError(t, s.Download(host, z, st))
	g, err := s.EndCapture(st)
	require.NoError(t, err)
	require.Equal(t, []float32{0, 0, 0}, s.floats(y, 3), "a capture runs nothing")

	for range 3 {
		require.NoError(t, s.LaunchGraph(g, st))
	}
	require.NoError(t, s.Sync(st))
	require.Equal(t, []float32{3, 3, 3}, s.floats(y, 3))
	require.Equal(t, bits(3, 3)[0], binary.LittleEndian.Uint32(host))
	require.Equal(t, uint32(7), binary.LittleEndian.Uint32(host[8:]))
	require.NoError(t, s.CloseGraph(g))

	require.NoError(t, s.Launch(f, driver.Config{Block: [3]int{32}, Stream: st}, saxpy(y, x, 1, 3)))
	require.NoError(t, s.Sync(st))
	require.Equal(t, []float32{4, 4, 4}, s.floats(y, 3), "after a capture the stream runs again")
}

// Two contexts of one driver do not see each other, and a context can be opened
// again after another was closed.
func testContexts(t *testing.T, d driver.Driver) {
	a, b := start(t, d), start(t, d)
	x, y := a.device(1, 2, 3), b.device(4, 5, 6)
	require.Equal(t, []uint32{1, 2, 3}, a.words(x, 3))
	require.Equal(t, []uint32{4, 5, 6}, b.words(y, 3))
	c, err := d.Open(0)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, []uint32{1, 2, 3}, a.words(x, 3))
}

func testErrors(t *testing.T, d driver.Driver) {
	s := start(t, d)
	_, err := s.Load([]byte("this is no PTX"))
	var e *driver.Error
	require.ErrorAs(t, err, &e)
	require.Contains(t, []driver.Code{driver.InvalidPTX, driver.NoBinaryForGPU}, e.Code)
	require.NotEmpty(t, e.Detail, "the compiler's log")
	require.Contains(t, err.Error(), e.Code.String())

	p := s.device(1)
	require.Equal(t, []uint32{1}, s.words(p, 1), "an error does not break the context")
}
