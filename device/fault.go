package device

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fault is bad data that a kernel found: an id or a label out of range. The
// element was skipped; update kernels change nothing while the fault stands.
type Fault struct {
	Op    string // the kernel
	Index int    // position of the value in its buffer
	Value int    // what was there
	Limit int    // valid values are 0 to Limit-1
}

func (f *Fault) Error() string {
	return fmt.Sprintf("device: %s: value %d at index %d is out of range: there are %d classes (0 to %d); Device.ClearFault goes on without it", f.Op, f.Value, f.Index, f.Limit, f.Limit-1)
}

// A MemoryError reports that a device has no room, and who has it.
type MemoryError struct {
	Device  string
	Want    int64 // bytes asked for; 0 where that is not known
	Live    int64 // bytes in use
	Limit   int64 // bytes there may be; 0 where only the system knows
	Holders []Holder
}

// A Holder is the share of live memory held by buffers of one kind.
type Holder struct {
	DType DType
	Len   int // elements of each buffer
	Count int // how many such buffers
}

// Holdings counts live buffers, by their dtype and length.
type Holdings map[Holding]int

// A Holding is a kind of buffer.
type Holding struct {
	DType DType
	Len   int
}

// Add counts n more buffers of a kind; fewer where n is negative.
func (h Holdings) Add(t DType, length, n int) {
	k := Holding{t, length}
	if h[k] += n; h[k] == 0 {
		delete(h, k)
	}
}

// Largest is the n kinds that hold most bytes.
func (h Holdings) Largest(n int) []Holder {
	var all []Holder
	for k, count := range h {
		all = append(all, Holder{DType: k.DType, Len: k.Len, Count: count})
	}
	bytes := func(h Holder) int { return h.Count * h.Len * h.DType.Size() }
	slices.SortFunc(all, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(bytes(b), bytes(a)), cmp.Compare(a.Len, b.Len), cmp.Compare(a.DType, b.DType))
	})
	return all[:min(len(all), n)]
}

func (e *MemoryError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "device: %s: out of memory: ", e.Device)
	if e.Want > 0 {
		fmt.Fprintf(&b, "%d bytes wanted, ", e.Want)
	}
	fmt.Fprintf(&b, "%d in use", e.Live)
	if e.Limit > 0 {
		fmt.Fprintf(&b, " of %d", e.Limit)
	}
	for i, h := range e.Holders {
		sep := ", "
		if i == 0 {
			sep = "; largest: "
		}
		fmt.Fprintf(&b, "%s%d x %v[%d]", sep, h.Count, h.DType, h.Len)
	}
	return b.String() + " (use a smaller batch)"
}
