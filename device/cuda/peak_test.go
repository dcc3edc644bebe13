package cuda

import (
	"errors"
	"testing"
	"time"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

// TestPeak expects what data sheets say, to a percent; that of the H100 has its tensor
// cores at a lower clock than its highest, 989 TFLOP/s at 1830 MHz.
func TestPeak(t *testing.T) {
	for _, c := range []struct {
		driver.Properties
		float, tensor, bandwidth float64
	}{
		{driver.Properties{Name: "A100", Major: 8, Minor: 0, Multiprocessors: 108, ClockKHz: 1410000, MemoryClockKHz: 1215000, MemoryBusBits: 5120}, 19.5e12, 312e12, 1555e9},
		{driver.Properties{Name: "A40", Major: 8, Minor: 6, Multiprocessors: 84, ClockKHz: 1740000, MemoryClockKHz: 7251000, MemoryBusBits: 384}, 37.4e12, 149.7e12, 696e9},
		{driver.Properties{Name: "H100 SXM", Major: 9, Minor: 0, Multiprocessors: 132, ClockKHz: 1980000, MemoryClockKHz: 2619000, MemoryBusBits: 5120}, 67e12, 1070e12, 3352e9},
	} {
		d := &Device{properties: c.Properties}
		float, bandwidth := d.Peak(device.Float32)
		tensor, _ := d.Peak(device.BFloat16)
		require.InEpsilon(t, c.float, float, 0.01, c.Name)
		require.InEpsilon(t, c.tensor, tensor, 0.01, c.Name)
		require.InEpsilon(t, c.bandwidth, bandwidth, 0.01, c.Name)
	}
}

func TestPeakNotKnown(t *testing.T) {
	d := &Device{properties: driver.Properties{Major: 99, Multiprocessors: 1, ClockKHz: 1, MemoryClockKHz: 1, MemoryBusBits: 8}}
	for _, dt := range []device.DType{device.Float32, device.BFloat16} {
		flops, bytes := d.Peak(dt)
		require.Zero(t, flops)
		require.EqualValues(t, 2000, bytes)
	}
}

// TestTime has the simulator count a microsecond for each kernel between the events.
func TestTime(t *testing.T) {
	d := simulators(t)[0].open(t, 0).(*Device)
	defer func() { require.NoError(t, d.Close()) }()
	x := uploaded(t, d, make([]float32, 64))
	relu := func() { d.Unary(device.To(x), x, device.Unary{Func: device.ReLU}) }
	relu()
	of := func(kernels int) time.Duration {
		took, err := d.Time(func() error {
			for range kernels {
				relu()
			}
			return nil
		})
		require.NoError(t, err)
		return took
	}
	require.Equal(t, 7*time.Microsecond, of(10)-of(3))

	wrong := errors.New("wrong")
	_, err := d.Time(func() error { return wrong })
	require.ErrorIs(t, err, wrong)
	_, err = d.Record(func() error { _, err := d.Time(func() error { return nil }); return err })
	require.ErrorIs(t, err, errRecording)
}

// TestInjectedFailuresWhileTiming makes each call of the driver fail in turn.
func TestInjectedFailuresWhileTiming(t *testing.T) {
	timed := func(d *Device) error {
		_, err := d.Time(func() error { return nil })
		return err
	}
	drv := sim.New(sim.Options{})
	for n := 1; ; n++ {
		drv.FailCall(n)
		err := session(drv, timed)
		if _, pending := drv.Version(); err == nil && pending != nil {
			break
		}
		var failure *driver.Error
		require.ErrorAs(t, err, &failure, "call %d", n)
		drv.FailCall(0)
		require.NoError(t, session(drv, timed))
	}
}
