package cuda

import (
	"encoding/binary"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// openNull opens a device of a null driver, which nothing may be left of.
func openNull(t testing.TB, o Options) (*Device, *nullDriver) {
	t.Helper()
	null := newNull()
	d, err := Open(null, 0, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, d.Close())
		require.Empty(t, null.left(), "not released")
	})
	return d, null
}

func alloc(t testing.TB, d *Device, n int) device.Buffer {
	t.Helper()
	b, err := d.Alloc(device.Float32, n)
	require.NoError(t, err)
	return b
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		index int
		spoil func(*nullDriver)
		want  string
	}{
		{0, func(n *nullDriver) { n.version = 11080 }, "cuda: the NVIDIA driver supports CUDA 11.8 and the kernels need 12.4: install driver 550 or later"},
		{0, func(n *nullDriver) { n.properties.Major, n.properties.Minor = 7, 5 }, "cuda:0: Null has compute capability 7.5: 8.0 or later is needed (Ampere, from 2020)"},
		{1, func(*nullDriver) {}, "cuda: no device cuda:1: devices found: 1, numbered from 0"},
		{-1, func(*nullDriver) {}, "cuda: no device cuda:-1: devices found: 1, numbered from 0"},
	} {
		null := newNull()
		c.spoil(null)
		_, err := Open(null, c.index, Options{})
		require.EqualError(t, err, c.want)
		require.Empty(t, null.left())
	}
	_, err := Open(newNull(), 0, Options{MemoryLimit: -5})
	require.EqualError(t, err, "cuda: a memory limit of -5 bytes: want 1 or more, or 0 for no limit")
}

func TestMisuse(t *testing.T) {
	d, _ := openNull(t, Options{})
	other, _ := openNull(t, Options{})
	b := alloc(t, other, 64)
	require.PanicsWithValue(t, "cuda: use of a buffer of another device, or after its Free", func() { d.Unary(device.To(b), b, device.Unary{}) })
	require.PanicsWithValue(t, "cuda: Upload of a []int32 into float32[64]", func() { other.Upload(b, make([]int32, 64)) })
	require.Panics(t, func() { d.Free(b) })
	require.NoError(t, d.Sync(), "the device stays usable")

	part := b.Slice(0, 10)
	other.Free(b)
	for _, x := range []device.Buffer{b, part} {
		require.Panics(t, func() { other.Free(x) })
		require.Panics(t, func() { other.Upload(x, make([]float32, x.Len())) })
		require.Panics(t, func() { other.Download(make([]float32, x.Len()), x) })
		require.Panics(t, func() { other.Fill(device.To(x), 1) })
	}
	require.NoError(t, other.Close())
	require.PanicsWithValue(t, "cuda: device used after Close", func() { alloc(t, other, 1) })
	require.NoError(t, other.Close())
}

func TestArgs(t *testing.T) {
	d, _ := openNull(t, Options{})
	b := alloc(t, d, 64)
	ptr := binary.LittleEndian.AppendUint64(nil, uint64(of(b).ptr))
	got := new(args).i32(-1).dst(device.Onto(b)).u64(2).f32(1).ptr(nil).bytes()
	want := append([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}, ptr...)
	want = append(want, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0)
	require.Equal(t, append(want, make([]byte, 8)...), got)
}

func TestElements(t *testing.T) {
	for _, c := range []struct{ n, blocks int }{{0, 0}, {1, 1}, {1024, 1}, {1025, 2}, {1 << 30, maxElementBlocks}} {
		require.Equal(t, c.blocks, elements(c.n).grid[0], "%d elements", c.n)
	}
	require.True(t, elements(0).empty())
}

// TestStreams looks at who waits for whom.
func TestStreams(t *testing.T) {
	d, null := openNull(t, Options{})
	a, b := alloc(t, d, 64), alloc(t, d, 64)
	touch := func(x device.Buffer) { d.run(device.Call{Dst: [4]device.Dst{device.To(x)}}, func(*launcher) {}) }
	upload := func(x device.Buffer) { d.Upload(x, make([]float32, 64)) }
	for _, step := range []struct {
		what  string
		do    func()
		waits int
	}{
		{"an upload into fresh memory", func() { upload(a) }, 0},
		{"a call on memory without an upload", func() { touch(b) }, 0},
		{"a call on memory that is on its way", func() { touch(a) }, 1},
		{"a second such call", func() { touch(a) }, 0},
		{"an upload into memory in use", func() { upload(a) }, 1},
		{"an upload into memory whose use was awaited", func() { upload(b) }, 0},
		{"a call on memory uploaded before another", func() { touch(a) }, 1},
		{"a call on that other", func() { touch(b) }, 1},
		{"two uploads into memory in use", func() { upload(a); upload(b) }, 1},
		{"a call on the later one", func() { touch(b) }, 1},
		{"a call on the earlier one", func() { touch(a) }, 0},
		{"a Sync", func() { require.NoError(t, d.Sync()) }, 0},
		{"an upload after it", func() { upload(a); upload(b) }, 0},
	} {
		null.log = nil
		step.do()
		require.Equal(t, step.waits, null.count("Wait"), step.what)
	}
}

// TestUploadOverlaps uploads the next batch while a step that does not use it
// is under way: what is awaited is a point before that step.
func TestUploadOverlaps(t *testing.T) {
	d, _ := openNull(t, Options{})
	front, back := alloc(t, d, 64), alloc(t, d, 64)
	step := func(x device.Buffer) { d.run(device.Call{Src: [8]device.Buffer{x}}, func(*launcher) {}) }
	for range 5 {
		step(front)
		d.Upload(back, make([]float32, 64))
		require.Equal(t, d.calls-1, d.callsAwaited, "not the step under way")
		front, back = back, front
	}
}

// TestMachineFailure latches a failed launch with the op and the kernel.
func TestMachineFailure(t *testing.T) {
	d, null := openNull(t, Options{})
	b := alloc(t, d, 64)
	null.failAt = null.calls + 3 // after Load and Kernel
	d.Unary(device.To(b), b, device.Unary{Func: device.ReLU})
	const want = "cuda:0: Unary: kernel unary_relu_f32: driver: Launch: CUDA_ERROR_UNKNOWN"
	require.EqualError(t, d.Err(), want)
	launches := null.count("Launch")
	d.Unary(device.To(b), b, device.Unary{Func: device.ReLU})
	require.Equal(t, launches, null.count("Launch"), "nothing runs any more")
	d.ClearFault()
	require.EqualError(t, d.Sync(), want, "it stays until Close")
	require.EqualError(t, d.Download(make([]float32, 64), b), want)
	_, err := d.Alloc(device.Float32, 1)
	require.EqualError(t, err, want)
	_, err = d.Record(func() error { return nil })
	require.EqualError(t, err, want)
}
