package cuda

import (
	"encoding/binary"
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

// TestFaultWords writes what a kernel does that finds bad data, eagerly and
// replayed.
func TestFaultWords(t *testing.T) {
	d, null := openNull(t, Options{})
	report := func(key uint64) {
		words := null.at(d.faults, 8*faultWords)
		if binary.LittleEndian.Uint64(words[8*faultPrior:]) == noFault {
			binary.LittleEndian.PutUint64(words[8*faultKey:], key)
			binary.LittleEndian.PutUint64(words[8*faultKind:], 10<<32|uint64(faultCrossEntropy))
		}
	}
	key := uint64(3)<<32 | 0xFFFFFFFE
	null.onLaunch = func([]byte) { report(key) }
	call := func() error {
		d.run(device.Call{Op: "CrossEntropy"}, func(l *launcher) {
			l.launch("unary", "relu", "f32", elements(1), l.args().at(l.faults()))
		})
		return nil
	}
	want := &device.Fault{Op: "CrossEntropy", Index: 3, Value: -2, Limit: 10}
	call()
	require.Equal(t, want, d.Err())
	key = 1<<32 | 77
	call()
	require.Equal(t, want, d.Sync(), "the first faulty call counts")
	d.ClearFault()
	require.NoError(t, d.Sync())

	r, err := d.Record(call)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, &device.Fault{Op: "CrossEntropy", Index: 1, Value: 77, Limit: 10}, r.Run())
	d.ClearFault()
	require.NoError(t, d.Err())
}

// TestFirstFaultCounts gives two calls bad labels: the first call counts, and of
// it the lowest index, also where the second one's index is lower.
func TestFirstFaultCounts(t *testing.T) {
	d := simulators(t)[0].open(t, 0)
	defer d.Close()
	const rows, classes = 3000, 2
	logits, err := d.Alloc(device.Float32, rows*classes)
	require.NoError(t, err)
	d.Fill(device.To(logits), 0)
	loss, err := d.Alloc(device.Float32, rows)
	require.NoError(t, err)
	call := func(bad map[int]int32) {
		host := make([]int32, rows)
		for at, label := range bad {
			host[at] = label
		}
		labels, err := d.Alloc(device.Int32, rows)
		require.NoError(t, err)
		d.Upload(labels, host)
		d.CrossEntropy(device.To(loss), device.Dst{}, device.Dst{}, logits, labels, nil, device.CrossEntropy{Rows: rows, Classes: classes, Ignore: -100})
		d.Free(labels)
	}
	call(map[int]int32{2999: 8, 2000: -7, 2500: 5})
	call(map[int]int32{1: 9})
	require.Equal(t, &device.Fault{Op: "CrossEntropy", Index: 2000, Value: -7, Limit: classes}, d.Sync())
	d.ClearFault()
	call(map[int]int32{1: 9})
	require.Equal(t, &device.Fault{Op: "CrossEntropy", Index: 1, Value: 9, Limit: classes}, d.Sync())
	d.ClearFault()
}

// TestKernelFault runs a kernel past the end of its buffer.
func TestKernelFault(t *testing.T) {
	d, err := Open(sim.New(sim.Options{}), 0, Options{Exact: true})
	require.NoError(t, err)
	x, err := d.Alloc(device.Float32, 10)
	require.NoError(t, err)
	d.Fill(device.To(x), 1)
	d.run(device.Call{Op: "Unary", Dst: [4]device.Dst{device.To(x)}}, func(l *launcher) {
		l.launch("unary", "identity", "f32", elements(100), l.args().dst(device.To(x)).ptr(x).f32(0, 0).i32(100))
	})
	err = d.Sync()
	require.ErrorContains(t, err, "cuda:0: Unary: kernel unary_identity_f32: ")
	require.ErrorContains(t, err, "out of bounds")
	require.Equal(t, err, d.Download(make([]float32, 10), x), "it stays")
	require.NoError(t, d.Close())
}
