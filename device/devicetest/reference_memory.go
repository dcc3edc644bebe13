package devicetest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"example.org/chainrule/device"
)

var errRecording = errors.New("devicetest: Upload, Download, Sync, Record and Replay.Run cannot be recorded: call them outside Record")

// misused latches and returns an error while recording.
func (r *reference) misused() error {
	if r.replay != nil {
		r.misuse = errRecording
		return errRecording
	}
	return nil
}

// A refBlock is memory, float64 for every dtype.
type refBlock struct {
	v     []float64
	bytes int64 // that its dtype stands for
	uses  int   // by who allocated it, and by every replay that needs it
}

// A refBuffer is a run of a block.
type refBuffer struct {
	dev   *reference
	block *refBlock
	dtype device.DType
	v     []float64
	whole bool // as Alloc returned it
}

func (b *refBuffer) DType() device.DType { return b.dtype }

func (b *refBuffer) Len() int { return len(b.v) }

// Slice is the view of elements lo to hi.
func (b *refBuffer) Slice(lo, hi int) device.Buffer {
	if lo < 0 || hi < lo || hi > len(b.v) || lo%device.RowLen != 0 {
		panic(fmt.Sprintf("devicetest: Slice(%d, %d) of a buffer of %d: want 0 <= lo <= hi <= length and lo a multiple of %d", lo, hi, len(b.v), device.RowLen))
	}
	return &refBuffer{dev: b.dev, block: b.block, dtype: b.dtype, v: b.v[lo:hi]}
}

// Alloc returns a buffer of n elements.
func (r *reference) Alloc(t device.DType, n int) (device.Buffer, error) {
	if n < 0 || n > device.MaxLen {
		return nil, fmt.Errorf("devicetest: a buffer of %d elements: want 0 to %d", n, device.MaxLen)
	}
	r.enter()
	defer r.mu.Unlock()
	bytes := int64(n) * int64(t.Size())
	if r.limit > 0 && r.stats.Live+bytes > r.limit {
		return nil, r.memoryError(bytes)
	}
	block := r.take(n)
	block.bytes = bytes
	r.stats.Live += bytes
	r.stats.Peak = max(r.stats.Peak, r.stats.Live)
	r.live[device.Holder{DType: t, Len: n}]++
	if r.replay != nil {
		r.replay.hold(block)
	}
	b := &refBuffer{dev: r, block: block, dtype: t, v: block.v, whole: true}
	r.fillPoison(t, block.v)
	return b, nil
}

// take returns a cached block of n elements, or a new one.
func (r *reference) take(n int) *refBlock {
	if c := r.cache[n]; len(c) > 0 {
		b := c[len(c)-1]
		r.cache[n] = c[:len(c)-1]
		r.stats.Cached -= b.bytes
		b.uses = 1
		return b
	}
	r.stats.Allocs++
	return &refBlock{v: make([]float64, n), uses: 1}
}

// Free gives b back once no replay needs it.
func (r *reference) Free(b device.Buffer) {
	c := b.(*refBuffer)
	if c.dev != r || !c.whole {
		panic("devicetest: Free of a slice, of a buffer of another device, or twice")
	}
	r.enter()
	defer r.mu.Unlock()
	c.whole = false
	r.live[device.Holder{DType: c.dtype, Len: len(c.v)}]--
	if c.block.uses == 1 {
		r.fillPoison(c.dtype, c.block.v)
	}
	r.drop(c.block)
}

// drop ends one use of b.
func (r *reference) drop(b *refBlock) {
	if b.uses--; b.uses == 0 {
		r.stats.Live -= b.bytes
		r.stats.Cached += b.bytes
		r.cache[len(b.v)] = append(r.cache[len(b.v)], b)
	}
}

func (r *reference) memoryError(want int64) *device.MemoryError {
	e := &device.MemoryError{Device: r.Name(), Want: want, Live: r.stats.Live, Limit: r.limit}
	for h, n := range r.live {
		if h.Count = n; n > 0 {
			e.Holders = append(e.Holders, h)
		}
	}
	bytes := func(h device.Holder) int { return h.Count * h.Len * h.DType.Size() }
	slices.SortFunc(e.Holders, func(a, b device.Holder) int {
		return cmp.Or(cmp.Compare(bytes(b), bytes(a)), cmp.Compare(a.Len, b.Len), cmp.Compare(a.DType, b.DType))
	})
	return e
}

// Stats tells how much memory is in use.
func (r *reference) Stats() device.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// Poison fills freed and fresh memory with NaN while on.
func (r *reference) Poison(on bool) {
	r.enter()
	defer r.mu.Unlock()
	r.poison = on
}

func (r *reference) fillPoison(t device.DType, v []float64) {
	if !r.poison {
		return
	}
	fill := math.NaN()
	switch t {
	case device.Int32:
		fill = math.MinInt32
	case device.Uint8:
		fill = math.MaxUint8
	}
	for i := range v {
		v[i] = fill
	}
}

// Upload fills dst from a host slice.
func (r *reference) Upload(dst device.Buffer, src any) {
	r.enter()
	defer r.mu.Unlock()
	if r.misused() != nil {
		return
	}
	b, n := dst.(*refBuffer), -1
	switch s := src.(type) {
	case []float64:
		n = copyTo(b, s, b.dtype.IsFloat())
	case []float32:
		n = copyTo(b, s, b.dtype.IsFloat())
	case []int32:
		n = copyTo(b, s, b.dtype == device.Int32)
	case []uint8:
		n = copyTo(b, s, b.dtype == device.Uint8)
	case func([]float32):
		v := make([]float32, len(b.v))
		s(v)
		n = copyTo(b, v, b.dtype == device.Float32)
	}
	if n != len(b.v) {
		panic(fmt.Sprintf("devicetest: Upload of a %T into %v[%d]", src, b.dtype, len(b.v)))
	}
}

// Download fills a host slice from src.
func (r *reference) Download(dst any, src device.Buffer) error {
	r.enter()
	b, n := src.(*refBuffer), -1
	if err := r.misused(); err != nil {
		r.mu.Unlock()
		return err
	}
	switch s := dst.(type) {
	case []float64:
		n = copyFrom(s, b, b.dtype.IsFloat())
	case []float32:
		n = copyFrom(s, b, b.dtype.IsFloat())
	case []int32:
		n = copyFrom(s, b, b.dtype == device.Int32)
	case []uint8:
		n = copyFrom(s, b, b.dtype == device.Uint8)
	}
	r.mu.Unlock()
	if n != len(b.v) {
		panic(fmt.Sprintf("devicetest: Download of %v[%d] into a %T", b.dtype, len(b.v), dst))
	}
	return r.Err()
}

type number interface {
	float64 | float32 | int32 | uint8
}

// copyTo returns how many elements it copied, -1 where the types do not fit.
func copyTo[T number](b *refBuffer, src []T, fits bool) int {
	if !fits || len(src) != len(b.v) {
		return -1
	}
	for i, x := range src {
		b.v[i] = float64(x)
	}
	return len(src)
}

func copyFrom[T number](dst []T, b *refBuffer, fits bool) int {
	if !fits || len(dst) != len(b.v) {
		return -1
	}
	for i, x := range b.v {
		dst[i] = T(x)
	}
	return len(dst)
}
