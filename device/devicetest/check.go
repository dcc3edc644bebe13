package devicetest

import (
	"math"

	"example.org/chainrule/device"
)

// A check is one kernel call with its data. suite.check compares what the
// device makes of it with what the Reference does.
type check struct {
	op   string // the method
	name string // the case
	src  []array
	dst  []result
	call func(d device.Device, dst []device.Dst, src []device.Buffer)
	want [][]float64 // what the contract says outright; the Reference is held to it too
}

// An array is a source; the zero array is a nil Buffer.
type array struct {
	dtype device.DType
	v     []float64 // representable in dtype
}

// A result is a destination and how well it must be met: element i to within
// tol[i] + rel 2⁻²⁴ (|want| + |prior|) and its own rounding to dtype, or
// exactly where neither is set.
type result struct {
	dtype    device.DType
	n        int
	add      bool
	unwanted bool      // the zero Dst
	always   bool      // not a Dst but a Buffer that the kernel changes
	prior    []float64 // contents before the call, where they are not for the suite to choose
	rel      float64   // roundings to Float32, relative to the result
	tol      []float64
	inPlace  []int  // sources that the destination may be
	orNaN    []bool // elements that may be NaN as well; nil for none
}

const (
	u32 = 0x1p-24 // half the distance from 1 to the next Float32
	u16 = 0x1p-8  // the same for BFloat16
)

// unit is the largest relative error of rounding to t.
func unit(t device.DType) float64 {
	if t == device.BFloat16 {
		return u16
	}
	return u32
}

// A dtypeColumn is a combination of dtypes that every kernel on data has.
type dtypeColumn struct{ src, dst device.DType }

func (c dtypeColumn) String() string { return c.src.String() + " to " + c.dst.String() }

var columns = [...]dtypeColumn{
	{device.Float32, device.Float32},
	{device.BFloat16, device.BFloat16},
	{device.BFloat16, device.Float32},
}

// check puts one case through everything: values, canaries, stale contents,
// sources left alone, equal bits (again, poisoned, replayed twice), nothing
// wanted, and in place.
func (s *suite) check(c check) {
	s.Helper()
	s.tally.add(c)
	prior := s.prior(c)
	want := s.run(s.ref, c, prior, trial{})
	if c.want != nil {
		s.compare(c, c.want, want, prior)
		want = c.want
	}
	got := s.run(s.dev, c, prior, trial{})
	s.compare(c, want, got, prior)

	s.dev.Poison(true)
	s.same(c, "run again in poisoned memory", got, s.run(s.dev, c, prior, trial{canary: math.NaN()}))
	s.dev.Poison(false)
	s.same(c, "recorded and replayed", got, s.run(s.dev, c, prior, trial{replay: true}))

	s.run(s.dev, unwanted(c), prior, trial{})
	for k, d := range c.dst {
		for _, j := range d.inPlace {
			if x := c.src[j]; !d.add && !d.unwanted && x.dtype == d.dtype && len(x.v) == d.n {
				s.compare(c, want, s.run(s.dev, c, prior, trial{onto: map[int]int{k: j}}), prior)
			}
		}
	}
}

// prior is what stands in the destinations before the call: NaN where it must
// be overwritten, else something to add to or keep.
func (s *suite) prior(c check) [][]float64 {
	prior := make([][]float64, len(c.dst))
	for k, d := range c.dst {
		if d.prior != nil {
			prior[k] = d.prior
			continue
		}
		prior[k] = make([]float64, d.n)
		for i := range prior[k] {
			switch {
			case !d.dtype.IsFloat():
				prior[k][i] = float64(i % 100)
			case d.add:
				prior[k][i] = round(d.dtype, s.rng.NormFloat64())
			default:
				prior[k][i] = math.NaN()
			}
		}
	}
	return prior
}

// unwanted is c with every Dst zero.
func unwanted(c check) check {
	dst := make([]result, len(c.dst))
	for k, d := range c.dst {
		d.unwanted = !d.always
		dst[k] = d
	}
	c.dst = dst
	return c
}

// compare holds got to want as the results' tolerances say.
func (s *suite) compare(c check, want, got, prior [][]float64) {
	s.Helper()
	for k, d := range c.dst {
		if d.unwanted {
			continue
		}
		bad := 0
		for i := range want[k] {
			lo, hi := d.interval(i, want[k][i], prior[k][i])
			if within(round(d.dtype, got[k][i]), lo, hi) || d.orNaN != nil && d.orNaN[i] && math.IsNaN(got[k][i]) {
				continue
			}
			if bad++; bad == 1 {
				s.Errorf("%s: %s: destination %d (%v, add %v): element %d is %v, want %v, between %v and %v",
					c.op, c.name, k, d.dtype, d.add, i, got[k][i], want[k][i], lo, hi)
			}
		}
		if bad > 1 {
			s.Errorf("%s: %s: destination %d: %d of %d elements are wrong", c.op, c.name, k, bad, d.n)
		}
	}
}

// interval is what element i may be.
func (d result) interval(i int, want, prior float64) (lo, hi float64) {
	if math.IsNaN(want) || math.IsInf(want, 0) {
		return want, want
	}
	if !d.add {
		prior = 0
	}
	tol := d.rel * u32 * (math.Abs(want) + math.Abs(prior))
	if d.tol != nil {
		tol += d.tol[i]
	}
	if d.rel > 0 || d.tol != nil {
		tol += 0x1p-126 // results below the normal range may be flushed to zero
	}
	return round(d.dtype, want-tol), round(d.dtype, want+tol)
}

// within reports whether lo <= got <= hi; where lo is hi, in every bit.
func within(got, lo, hi float64) bool {
	switch {
	case math.IsNaN(lo):
		return math.IsNaN(got)
	case lo == hi && lo != 0:
		return got == lo
	case lo == hi:
		return got == 0 && math.Signbit(got) == math.Signbit(lo)
	}
	return lo <= got && got <= hi
}

// same holds a further run to every bit of the first.
func (s *suite) same(c check, how string, first, again [][]float64) {
	s.Helper()
	for k := range first {
		if !sameBits(first[k], again[k]) {
			s.Errorf("%s: %s: destination %d has other bits when %s", c.op, c.name, k, how)
		}
	}
}

func sameBits(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			return false
		}
	}
	return true
}
