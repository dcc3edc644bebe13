package cuda

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

// step is the calls of a step: workspace, a kernel that may report bad data,
// and one more.
func step(d *Device, b device.Buffer) {
	d.run(device.Call{Op: "Step", Dst: [4]device.Dst{device.To(b)}}, func(l *launcher) {
		work := l.floats(1000)
		l.launch("unary", "relu", "f32", elements(1), l.args().at(work).at(l.faults()))
	})
	d.Unary(device.To(b), b, device.Unary{Func: device.ReLU})
}

// session is a life of a device.
func session(drv driver.Driver, live func(*Device) error) error {
	d, err := Open(drv, 0, Options{})
	if err != nil {
		return err
	}
	err = live(d)
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}

func live(d *Device) error {
	b, err := d.Alloc(device.Float32, 300_000)
	if err != nil {
		return err
	}
	host := make([]float32, 300_000)
	d.Upload(b, host)
	step(d, b)
	d.Upload(b, host)
	r, err := d.Record(func() error { step(d, b); return nil })
	if err != nil {
		return err
	}
	err = r.Run()
	r.Close()
	if err != nil {
		return err
	}
	if err := d.Download(host, b); err != nil {
		return err
	}
	d.Free(b)
	d.ClearFault()
	return d.Sync()
}

// TestInjectedFailures makes each call of the driver fail in turn.
func TestInjectedFailures(t *testing.T) {
	count := newNull()
	require.NoError(t, session(count, live))
	require.Empty(t, count.left())
	for n := 1; n <= count.calls; n++ {
		null := newNull()
		null.failAt = n
		err := session(null, live)
		var failure *driver.Error
		require.ErrorAs(t, err, &failure, "call %d: %s", n, null.failed)
		require.Equal(t, null.failed, failure.Call, "call %d", n)
		if left := null.left(); len(left) > 1 {
			t.Errorf("call %d, %s, failed: not released: %v", n, null.failed, left)
		}
		null.failAt = 0
		require.NoError(t, session(null, live), "the next session")
	}
}

// TestInjectedOutOfMemory finds no memory once, in each call that asks for any:
// the device makes room and asks again, and a graph that was captured is lost.
func TestInjectedOutOfMemory(t *testing.T) {
	count := newNull()
	require.NoError(t, session(count, live))
	opened := newNull()
	_, err := Open(opened, 0, Options{})
	require.NoError(t, err)
	for n := opened.calls + 1; n <= count.calls; n++ {
		null := newNull()
		null.failAt, null.failCode = n, driver.OutOfMemory
		err := session(null, live)
		switch null.failed {
		case "Alloc", "AllocHost", "NewModule", "LaunchGraph":
			require.NoError(t, err, null.failed)
		case "NewGraph":
			var full *device.MemoryError
			require.ErrorAs(t, err, &full)
		default:
			continue
		}
		require.Empty(t, null.left())
	}
}

// TestInjectedFailuresInTraining makes each call of the simulator's driver fail
// in turn, while a step of training runs, is recorded and replayed. That memory
// is out once is no failure: room is made.
func TestInjectedFailuresInTraining(t *testing.T) {
	drv := sim.New(sim.Options{})
	errs := 0
	for n := 1; ; n++ {
		drv.FailCall(n)
		err := session(drv, train)
		if err != nil {
			var failure *driver.Error
			require.ErrorAs(t, err, &failure, "call %d", n)
			errs++
		} else if _, err := drv.Version(); err != nil {
			break // the session takes fewer calls
		}
		drv.FailCall(0)
		require.NoError(t, session(drv, func(d *Device) error { return d.Sync() }), "the next Open after a failure of call %d", n)
	}
	require.Greater(t, errs, 100, "calls that were made to fail")
}

// train takes a step of descent for logits = x w, eagerly and then replayed.
func train(d *Device) error {
	const rows, in, classes = 4, 64, 64
	m := maker{d: d}
	x, w, grad := m.floats(rows*in), m.floats(in*classes), m.floats(in*classes)
	logits, dlogits, loss, lse := m.floats(rows*classes), m.floats(rows*classes), m.floats(rows), m.floats(rows)
	labels, control, table := m.ints(1, 2, 3, 4), m.ints(make([]int32, device.ControlWords)...), m.ints(make([]int32, 2*in)...)
	if m.err != nil {
		return m.err
	}
	step := func() error {
		ce := device.CrossEntropy{Rows: rows, Classes: classes}
		d.MatMul(device.To(logits), device.Dst{}, x, w, nil, device.MatMul{Batch: 1, M: rows, N: classes, K: in})
		d.CrossEntropy(device.To(loss), device.Dst{}, device.To(lse), logits, labels, nil, ce)
		d.CrossEntropyGrad(device.To(dlogits), loss, logits, lse, labels, nil, ce)
		d.MatMul(device.Onto(grad), device.Dst{}, x, dlogits, nil, device.MatMul{Batch: 1, M: in, N: classes, K: rows, TransA: true})
		d.Gate(control, grad, loss, device.Gate{MaxNorm: 1})
		d.SGD(w, nil, nil, grad, control, table, device.SGD{})
		return nil
	}
	step()
	r, err := d.Record(step)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Run(); err != nil {
		return err
	}
	return d.Download(make([]float32, rows), loss)
}

// A maker makes buffers, until there is no memory.
type maker struct {
	d   *Device
	err error
}

func (m *maker) alloc(t device.DType, n int) device.Buffer {
	if m.err != nil {
		return nil
	}
	var b device.Buffer
	b, m.err = m.d.Alloc(t, n)
	return b
}

// floats is n times 1/2.
func (m *maker) floats(n int) device.Buffer {
	b := m.alloc(device.Float32, n)
	if m.err == nil {
		m.d.Fill(device.To(b), 0.5)
	}
	return b
}

func (m *maker) ints(v ...int32) device.Buffer {
	b := m.alloc(device.Int32, len(v))
	if m.err == nil {
		m.d.Upload(b, v)
	}
	return b
}
