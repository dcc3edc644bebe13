package cpu

import (
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"example.org/chainrule/device"
)

// A block is a piece of the heap, 256-byte aligned.
type block struct {
	mem   []byte
	owner *replay // the replay it belongs to, if any
	pins  int     // uses by replays that do not own it
	held  bool    // by a buffer that nobody has freed
}

func (b *block) float32s() []float32 { return view[float32](b, len(b.mem)/4) }

func view[T any](b *block, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b.mem))), n)
}

// A buffer is a typed run of a block: one of its slices is set.
type buffer struct {
	dev   *Device
	block *block
	dtype device.DType
	f32   []float32
	bf16  []bfloat16
	i32   []int32
	u8    []uint8
	whole bool // as Alloc returned it
}

func (b *buffer) DType() device.DType { return b.dtype }

func (b *buffer) Len() int { return len(b.f32) + len(b.bf16) + len(b.i32) + len(b.u8) }

// Slice is the view of elements lo to hi.
func (b *buffer) Slice(lo, hi int) device.Buffer {
	if lo < 0 || hi < lo || hi > b.Len() || lo%device.RowLen != 0 {
		panic(fmt.Sprintf("cpu: Slice(%d, %d) of a buffer of %d: want 0 <= lo <= hi <= length and lo a multiple of %d", lo, hi, b.Len(), device.RowLen))
	}
	s := &buffer{dev: b.dev, block: b.block, dtype: b.dtype}
	switch b.dtype {
	case device.Float32:
		s.f32 = b.f32[lo:hi:hi]
	case device.BFloat16:
		s.bf16 = b.bf16[lo:hi:hi]
	case device.Int32:
		s.i32 = b.i32[lo:hi:hi]
	case device.Uint8:
		s.u8 = b.u8[lo:hi:hi]
	}
	return s
}

// of is b as this package's type.
func of(b device.Buffer) *buffer {
	c, ok := b.(*buffer)
	if !ok {
		panic(fmt.Sprintf("cpu: a %T does not belong to this device", b))
	}
	return c
}

// own is b as this package's type, checked to be d's and not freed.
func (d *Device) own(b device.Buffer) *buffer {
	c := of(b)
	if c.dev != d || !c.block.held {
		panic("cpu: use of a buffer of another device, or after its Free")
	}
	return c
}

// f32 is a buffer that is always Float32; nil for nil.
func f32(b device.Buffer) []float32 {
	if b == nil {
		return nil
	}
	return of(b).f32
}

// bf16 is a buffer that is always BFloat16; nil for nil.
func bf16(b device.Buffer) []bfloat16 {
	if b == nil {
		return nil
	}
	return of(b).bf16
}

// i32 is a buffer of Int32; nil for nil.
func i32(b device.Buffer) []int32 {
	if b == nil {
		return nil
	}
	return of(b).i32
}

// memory caches blocks by size, so that a shape seen once allocates no more.
type memory struct {
	limit  int64
	heap   heap
	stats  device.Stats
	cache  map[int64][]*block
	live   device.Holdings
	poison bool
}

func newMemory(limit int64) memory {
	return memory{limit: limit, cache: map[int64][]*block{}, live: device.Holdings{}}
}

// sizeClass rounds up to one of eight sizes in each power of two: at most an
// eighth is wasted, and nearby shapes share blocks.
func sizeClass(n int64) int64 {
	step := int64(blockAlign)
	if n > 2048 {
		step = 1 << (bits.Len64(uint64(n-1)) - 4)
	}
	return (n + step - 1) / step * step
}

// Alloc returns a buffer of n elements; see device.Memory.
func (d *Device) Alloc(t device.DType, n int) (device.Buffer, error) {
	if n < 0 || n > device.MaxLen {
		return nil, fmt.Errorf("cpu: a buffer of %d elements: want 0 to %d", n, device.MaxLen)
	}
	d.lock()
	defer d.mu.Unlock()
	blk, err := d.take(int64(n) * int64(t.Size()))
	if err != nil {
		return nil, err
	}
	blk.held = true
	d.live.Add(t, n, 1)
	b := &buffer{dev: d, block: blk, dtype: t, whole: true}
	switch t {
	case device.Float32:
		b.f32 = view[float32](blk, n)
	case device.BFloat16:
		b.bf16 = view[bfloat16](blk, n)
	case device.Int32:
		b.i32 = view[int32](blk, n)
	case device.Uint8:
		b.u8 = view[uint8](blk, n)
	}
	if d.poison {
		b.fillPoison()
	}
	return b, nil
}

// Free gives b back.
func (d *Device) Free(b device.Buffer) {
	c := of(b)
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.dev != d || !c.whole {
		panic("cpu: Free of a slice, of a buffer of another device, or twice")
	}
	if d.closed {
		return
	}
	c.whole, c.block.held = false, false
	d.live.Add(c.dtype, c.Len(), -1)
	if d.poison && d.replay == nil && c.block.owner == nil && c.block.pins == 0 {
		c.fillPoison()
	}
	d.give(c.block)
}

// take finds a block of at least n bytes: the recording's own, a cached one, or
// a new one.
func (d *Device) take(n int64) (*block, *device.MemoryError) {
	size := sizeClass(max(n, 1))
	if r := d.replay; r != nil {
		if b := pop(r.free, size); b != nil {
			return b, nil
		}
	}
	if d.limit > 0 && d.stats.Live+size > d.limit {
		return nil, d.memoryError(size)
	}
	b := pop(d.cache, size)
	if b != nil {
		d.stats.Cached -= size
	} else {
		mem := d.fresh(size)
		if mem == nil {
			return nil, d.memoryError(size)
		}
		b = &block{mem: mem}
		d.stats.Allocs++
	}
	d.stats.Live += size
	d.stats.Peak = max(d.stats.Peak, d.stats.Live)
	if r := d.replay; r != nil {
		b.owner = r
		r.own = append(r.own, b)
	}
	return b, nil
}

// fresh is size bytes that belong to no block, or nil where the system has no
// more. Of what is cached, as much goes back as would exceed the limit with them, and
// all where the system refuses.
func (d *Device) fresh(size int64) []byte {
	if d.limit > 0 {
		d.trim(d.stats.Live + d.stats.Cached + size - d.limit)
	}
	mem := d.heap.take(size)
	if mem == nil && d.stats.Cached > 0 {
		d.trim(d.stats.Cached)
		mem = d.heap.take(size)
	}
	return mem
}

// trim gives the memory of cached blocks back, the largest first, until it is so many
// bytes.
func (d *Device) trim(bytes int64) {
	for _, size := range slices.Backward(slices.Sorted(maps.Keys(d.cache))) {
		for bytes > 0 && len(d.cache[size]) > 0 {
			d.heap.give(pop(d.cache, size).mem)
			d.stats.Cached -= size
			bytes -= size
		}
	}
}

// give returns a block to where it came from, once nothing holds it back.
func (d *Device) give(b *block) {
	size := int64(len(b.mem))
	switch {
	case b.held: // stays with its buffer
	case b.owner != nil && b.owner == d.replay:
		b.owner.free[size] = append(b.owner.free[size], b)
	case b.owner != nil || b.pins > 0: // stays with its replays
	default:
		d.stats.Live -= size
		d.stats.Cached += size
		d.cache[size] = append(d.cache[size], b)
	}
}

func pop(m map[int64][]*block, size int64) *block {
	s := m[size]
	if len(s) == 0 {
		return nil
	}
	b := s[len(s)-1]
	m[size] = s[:len(s)-1]
	return b
}

func (d *Device) memoryError(want int64) *device.MemoryError {
	return &device.MemoryError{Device: d.Name(), Want: want, Live: d.stats.Live, Limit: d.limit, Holders: d.live.Largest(3)}
}

// Stats tells how much memory is in use.
func (d *Device) Stats() device.Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// Poison fills fresh and freed memory with NaN while on.
func (d *Device) Poison(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.poison = on
}

func (b *buffer) fillPoison() {
	nan := float32(math.NaN())
	for i := range b.f32 {
		b.f32[i] = nan
	}
	for i := range b.bf16 {
		b.bf16[i] = toBFloat16(nan)
	}
	for i := range b.i32 {
		b.i32[i] = math.MinInt32
	}
	for i := range b.u8 {
		b.u8[i] = 0xFF
	}
}

// Upload fills dst from a host slice; see device.Memory.
func (d *Device) Upload(dst device.Buffer, src any) {
	d.lock()
	defer d.mu.Unlock()
	if d.misused() != nil {
		return
	}
	b := d.own(dst)
	n := -1
	switch s := src.(type) {
	case []float32:
		n = fromHost(b, s)
	case []float64:
		n = fromHost(b, s)
	case []int32:
		n = copy(b.i32, s)
	case []uint8:
		n = copy(b.u8, s)
	case func([]float32):
		s(b.f32)
		n = len(b.f32)
	}
	if n != b.Len() {
		panic(fmt.Sprintf("cpu: Upload of a %T into %v[%d]", src, b.dtype, b.Len()))
	}
}

// Download fills a host slice from src; see device.Memory.
func (d *Device) Download(dst any, src device.Buffer) error {
	d.lock()
	defer d.mu.Unlock()
	if err := d.misused(); err != nil {
		return err
	}
	b := d.own(src)
	n := -1
	switch s := dst.(type) {
	case []float32:
		n = toHost(s, b)
	case []float64:
		n = toHost(s, b)
	case []int32:
		n = copy(s, b.i32)
	case []uint8:
		n = copy(s, b.u8)
	}
	if n != b.Len() {
		panic(fmt.Sprintf("cpu: Download of %v[%d] into a %T", b.dtype, b.Len(), dst))
	}
	return d.Err()
}

func fromHost[T float32 | float64](b *buffer, src []T) int {
	if len(src) != len(b.f32)+len(b.bf16) {
		return -1
	}
	for i := range b.f32 {
		b.f32[i] = float32(src[i])
	}
	for i := range b.bf16 {
		b.bf16[i] = toBFloat16(float32(src[i]))
	}
	return len(src)
}

func toHost[T float32 | float64](dst []T, b *buffer) int {
	if len(dst) != len(b.f32)+len(b.bf16) {
		return -1
	}
	for i, v := range b.f32 {
		dst[i] = T(v)
	}
	for i, v := range b.bf16 {
		dst[i] = T(v.float32())
	}
	return len(dst)
}
