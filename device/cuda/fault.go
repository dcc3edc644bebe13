package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// Kernels report bad data in four 64-bit words of device memory, which
// kernels/fault.cuh mirrors. The first call that finds any counts, and of that
// the lowest index:
//
//	0  key: index << 32 | value, the least one that was reported; all ones for none
//	1  kind: limit << 32 | operation
//	2  key as it was when the running call began
//	3  unused
//
// A kernel reports only where word 2 says none. Update kernels refuse a step
// where word 0 says one.
const (
	faultKey   = 0
	faultKind  = 1
	faultPrior = 2
	faultWords = 4

	noFault = 1<<64 - 1
)

// A faultOp is the number of an operation that can report bad data.
type faultOp int

const (
	faultCrossEntropy faultOp = iota + 1
)

func (op faultOp) String() string {
	if op == faultCrossEntropy {
		return "CrossEntropy"
	}
	panic(fmt.Sprintf("cuda: fault of operation %d", int(op)))
}

// A latch keeps what went wrong until somebody asks.
type latch struct {
	faults   driver.Ptr   // the fault words
	fetched  []byte       // page-locked: the words as they were after some call
	arrived  driver.Event // they are
	coming   bool         // they may not be
	fault    *device.Fault
	noMemory *device.MemoryError
	misuse   error
	failure  error // of the machine; stays
}

// openFaults makes the fault words.
func (d *Device) openFaults() (err error) {
	if d.arrived, err = d.newEvent(d.ctx); err != nil {
		return err
	}
	if d.fetched, err = d.ctx.AllocHost(8 * faultWords); err != nil {
		return err
	}
	if d.faults, err = d.ctx.Alloc(8 * faultWords); err != nil {
		return err
	}
	return d.resetFaults()
}

func (d *Device) closeFaults(attempt func(error)) {
	if d.faults != 0 {
		attempt(d.ctx.Free(d.faults))
	}
	if d.fetched != nil {
		attempt(d.ctx.FreeHost(d.fetched))
	}
}

// resetFaults says that there is none. It uses the copy stream, which is never
// captured.
func (d *Device) resetFaults() error {
	if err := d.ctx.Fill(d.faults, 0xFFFFFFFF, 2*faultWords, d.copies); err != nil {
		return err
	}
	return d.ctx.Sync(d.copies)
}

// markFaults keeps what stands as the running call begins.
func (d *Device) markFaults() {
	d.try("faults", d.ctx.Copy(d.faults+8*faultPrior, d.faults+8*faultKey, 8, d.compute))
}

// fetchFaults brings the words to the host, in stream order.
func (d *Device) fetchFaults() {
	d.try("faults", d.ctx.Download(d.fetched, d.faults, d.compute))
	if d.replay != nil {
		d.replay.reports = true
	} else {
		d.markFetched()
	}
}

// markFetched marks where in the stream the words arrive.
func (d *Device) markFetched() {
	d.try("faults", d.ctx.Record(d.arrived, d.compute))
	d.coming = true
}

// look reads the words, where they have arrived.
func (d *Device) look() {
	if !d.coming || d.failure != nil || d.replay != nil || d.closed {
		return
	}
	done, err := d.ctx.Done(d.arrived)
	d.try("faults", err)
	if !done || err != nil {
		return
	}
	d.coming = false
	if key := d.word(faultKey); key != noFault {
		kind := d.word(faultKind)
		d.fault = &device.Fault{
			Op:    faultOp(uint32(kind)).String(),
			Index: int(key >> 32), Value: int(int32(key)), Limit: int(kind >> 32),
		}
	}
}

func (d *Device) word(i int) uint64 { return binary.LittleEndian.Uint64(d.fetched[8*i:]) }

// Err returns what stands latched; see device.Memory. It does not wait: what
// the kernels under way will find is reported later.
func (d *Device) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err()
}

func (d *Device) err() error {
	d.look()
	if d.failure != nil {
		return d.failure
	}
	if err := d.noMemory; err != nil {
		d.noMemory = nil
		return err
	}
	if err := d.misuse; err != nil {
		d.misuse = nil
		return err
	}
	if d.fault != nil {
		return d.fault
	}
	return nil
}

// ClearFault forgets a fault, and those that kernels under way will find.
func (d *Device) ClearFault() {
	d.lock()
	defer d.mu.Unlock()
	d.finish()
	if d.failure == nil {
		d.try("ClearFault", d.resetFaults())
	}
	d.fault, d.coming = nil, false
}

// fail latches the failure of the machine; the first one stays.
func (d *Device) fail(err error) {
	if d.failure == nil {
		d.failure = fmt.Errorf("%s: %w", d.name, err)
	}
}

// try latches an error, if there is one: no memory, or the failure of the
// machine.
func (d *Device) try(what string, err error) {
	if err != nil && !errors.As(err, &d.noMemory) {
		d.fail(fmt.Errorf("%s: %w", what, err))
	}
}
