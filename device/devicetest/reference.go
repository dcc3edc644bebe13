package devicetest

import (
	"sync"

	"example.org/chainrule/device"
)

// Reference returns the specification as a device: it stores and computes
// float64 whatever the dtype, rounds nothing, and takes derivatives as
// difference quotients. An Upload of []float64 keeps every bit and a Download
// into []float64 gives them back. It is for tests: small arrays, no speed.
func Reference() device.Device { return newReference(0) }

var _ device.Device = (*reference)(nil)

// A reference is the specification. Its kernels stand in the stems' files, its
// memory in reference_memory.go.
type reference struct {
	mu    sync.Mutex // held by every call
	limit int64      // bytes that may be live; 0 for no limit
	stats device.Stats
	live  map[device.Holder]int // buffers of each kind, whose Count is not set
	cache map[int][]*refBlock   // freed blocks by their elements

	fault   *device.Fault
	misuse  error // what must not happen while recording
	poison  bool
	trace   func(device.Call)
	tracing bool
	replay  *refReplay // where calls are written down while recording
	closed  bool
}

func newReference(limit int64) *reference {
	return &reference{limit: limit, live: map[device.Holder]int{}, cache: map[int][]*refBlock{}}
}

// Name is "reference".
func (r *reference) Name() string { return "reference" }

// run is the one way in: every kernel is a call and a body that computes it.
func (r *reference) run(c device.Call, body func()) {
	c.CountBytes()
	r.enter()
	if r.replay != nil {
		r.replay.add(c, body)
		r.mu.Unlock()
		return
	}
	body()
	r.mu.Unlock()
	r.traced(c)
}

// enter locks the device.
func (r *reference) enter() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		panic("devicetest: device used after Close")
	}
}

// traced tells Trace's function of a call; not of those it makes itself.
func (r *reference) traced(c device.Call) {
	r.mu.Lock()
	f := r.trace
	if f == nil || r.tracing {
		r.mu.Unlock()
		return
	}
	r.tracing = true
	r.mu.Unlock()
	f(c)
	r.mu.Lock()
	r.tracing = false
	r.mu.Unlock()
}

// values is what b holds, whatever its dtype; nil for nil.
func values(b device.Buffer) []float64 {
	if b == nil {
		return nil
	}
	return b.(*refBuffer).v
}

// put stores f(i) as element i of d, or adds it.
func put(d device.Dst, f func(i int) float64) {
	if !d.Wanted() {
		return
	}
	v := values(d.Buf)
	for i := range v {
		if d.Add {
			v[i] += f(i)
		} else {
			v[i] = f(i)
		}
	}
}

// putAll stores or adds v.
func putAll(d device.Dst, v []float64) { put(d, func(i int) float64 { return v[i] }) }

// report latches bad data; the first stands. The device is locked.
func (r *reference) report(f device.Fault) {
	if r.fault == nil {
		r.fault = &f
	}
}

// Err returns what stands latched.
func (r *reference) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.misuse; err != nil {
		r.misuse = nil
		return err
	}
	if r.fault != nil {
		return r.fault
	}
	return nil
}

// ClearFault forgets a fault.
func (r *reference) ClearFault() {
	r.enter()
	defer r.mu.Unlock()
	r.fault = nil
}

// Sync returns Err: calls are complete when they return.
func (r *reference) Sync() error {
	r.enter()
	err := r.misused()
	r.mu.Unlock()
	if err != nil {
		return err
	}
	return r.Err()
}

// Trace calls f after every kernel call; nil ends it.
func (r *reference) Trace(f func(device.Call)) {
	r.enter()
	defer r.mu.Unlock()
	r.trace = f
}

// Close ends the device; a second Close does nothing.
func (r *reference) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return nil
}
