package cuda

import (
	"math"
	"time"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// fused is how many multiply-adds a multiprocessor does in a cycle: in Float32, and
// of BFloat16 by its tensor cores, with sums in Float32. NVIDIA's architecture papers;
// GeForce models of 8.6, 8.9 and 12.0 do half of the latter.
type fused struct{ float, tensor float64 }

// fusedOf goes by the compute capability; for one that this table lacks it is zero.
func fusedOf(p driver.Properties) fused {
	switch 10*p.Major + p.Minor {
	case 80: // A100
		return fused{64, 1024}
	case 86, 87, 89: // A40, Orin, L40
		return fused{128, 512}
	case 90: // H100
		return fused{128, 2048}
	case 100: // B200
		return fused{128, 4096}
	case 120, 121: // RTX PRO 6000
		return fused{128, 512}
	}
	return fused{}
}

// Peak is the most that the GPU can do, by its properties: floating-point operations
// a second on data of type t, a multiply-add counted as two, and bytes to and from
// memory a second. Either is 0 where it is not known: the driver does not tell the
// clock, or the table of capabilities lacks this one.
func (d *Device) Peak(t device.DType) (flops, bytes float64) {
	p := d.properties
	rate := fusedOf(p).float
	if t == device.BFloat16 {
		rate = fusedOf(p).tensor
	}
	cycles := 1e3 * float64(p.ClockKHz)
	transfers := 2 * 1e3 * float64(p.MemoryClockKHz) // both edges of the clock
	return 2 * rate * float64(p.Multiprocessors) * cycles, transfers * float64(p.MemoryBusBits) / 8
}

// Time runs f and returns how long the GPU took over what f called, from an event
// before to an event after; it waits for the latter. On the simulator, which knows no
// time, the result means nothing. The error is f's, or what the device has latched.
func (d *Device) Time(f func() error) (time.Duration, error) {
	var events [2]driver.Event
	defer d.closeEvents(events[:])
	for i := range events {
		if err := d.mark(&events[i]); err != nil {
			return 0, err
		}
		if i == 0 {
			if err := f(); err != nil {
				return 0, err
			}
		}
	}
	return d.between(events)
}

// mark puts a new event at the end of the compute stream.
func (d *Device) mark(e *driver.Event) error {
	d.lock()
	defer d.mu.Unlock()
	if err := d.misused(); err != nil {
		return err
	}
	if d.failure == nil {
		var err error
		if *e, err = d.ctx.NewEvent(true); err == nil {
			err = d.ctx.Record(*e, d.compute)
		}
		d.try("Time", err)
	}
	return d.failure
}

// between waits for both events.
func (d *Device) between(events [2]driver.Event) (time.Duration, error) {
	d.lock()
	defer d.mu.Unlock()
	if d.failure != nil {
		return 0, d.failure
	}
	var milliseconds float32
	err := d.ctx.SyncEvent(events[1])
	if err == nil {
		milliseconds, err = d.ctx.Elapsed(events[0], events[1])
	}
	d.try("Time", err)
	return time.Duration(math.Round(float64(milliseconds) * 1e6)), d.err()
}

func (d *Device) closeEvents(events []driver.Event) {
	d.lock()
	defer d.mu.Unlock()
	for _, e := range events {
		if e != 0 {
			d.try("Time", d.ctx.CloseEvent(e))
		}
	}
}
