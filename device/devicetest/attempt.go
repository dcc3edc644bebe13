package devicetest

import (
	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// A trial is a way to run a case.
type trial struct {
	canary float64     // what stands around the buffers
	replay bool        // recorded, then played twice
	onto   map[int]int // destinations in place, each on a source
}

// An attempt is a case laid out in a device's memory.
type attempt struct {
	s    *suite
	d    device.Device
	c    check
	all  []*guarded
	srcs []*guarded // nil for a nil Buffer, and for one that a destination is on
	dsts []*guarded // nil for the zero Dst
	src  []device.Buffer
	dst  []device.Dst
}

// run makes the call on d and returns its destinations' contents.
func (s *suite) run(d device.Device, c check, prior [][]float64, how trial) [][]float64 {
	s.Helper()
	a := attempt{
		s: s, d: d, c: c,
		srcs: make([]*guarded, len(c.src)), dsts: make([]*guarded, len(c.dst)),
		src: make([]device.Buffer, len(c.src)), dst: make([]device.Dst, len(c.dst)),
	}
	defer a.free()
	a.layOut(prior, how)
	if how.replay {
		a.play()
	} else {
		c.call(d, a.dst, a.src)
	}
	require.NoErrorf(s, d.Sync(), "%s: %s", c.op, c.name)
	return a.results()
}

// layOut places sources and destinations.
func (a *attempt) layOut(prior [][]float64, how trial) {
	a.s.Helper()
	for j, x := range a.c.src {
		if x.v != nil {
			a.srcs[j] = a.place(x.dtype, x.v, how.canary)
			a.src[j] = a.srcs[j].view
		}
	}
	for k, r := range a.c.dst {
		if r.unwanted {
			continue
		}
		if j, ok := how.onto[k]; ok {
			a.dsts[k], a.srcs[j] = a.srcs[j], nil
		} else {
			a.dsts[k] = a.place(r.dtype, prior[k], how.canary)
		}
		a.dst[k] = device.Dst{Buf: a.dsts[k].view, Add: r.add}
	}
}

func (a *attempt) place(t device.DType, v []float64, canary float64) *guarded {
	a.s.Helper()
	g := a.s.place(a.d, t, v, canary)
	a.all = append(a.all, g)
	return g
}

func (a *attempt) free() {
	for _, g := range a.all {
		a.d.Free(g.whole)
	}
}

// play records the call, plays it, and plays it again on the same start.
func (a *attempt) play() {
	a.s.Helper()
	r, err := a.d.Record(func() error { a.c.call(a.d, a.dst, a.src); return nil })
	require.NoErrorf(a.s, err, "%s: %s: Record", a.c.op, a.c.name)
	defer r.Close()
	for range 2 {
		for _, g := range a.dsts {
			if g != nil {
				upload(a.d, g.whole, g.host)
			}
		}
		require.NoErrorf(a.s, r.Run(), "%s: %s: replay", a.c.op, a.c.name)
	}
}

// results reads the destinations, after a look at the sources.
func (a *attempt) results() [][]float64 {
	a.s.Helper()
	for j, g := range a.srcs {
		if g != nil && !sameBits(g.read(a.s, a.d, a.c), a.c.src[j].v) {
			a.s.Errorf("%s: %s: the kernel changed source %d", a.c.op, a.c.name, j)
		}
	}
	out := make([][]float64, len(a.dsts))
	for k, g := range a.dsts {
		if g != nil {
			out[k] = g.read(a.s, a.d, a.c)
		}
	}
	return out
}
