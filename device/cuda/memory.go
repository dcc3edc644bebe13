package cuda

import (
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// A block is memory from the driver, 256-byte aligned.
type block struct {
	ptr      driver.Ptr
	size     int64
	owner    *replay      // the replay it belongs to, if any
	pins     int          // uses by replays that do not own it
	held     bool         // by a buffer that nobody has freed
	used     int64        // the last call that uses it, see streams
	uploaded int64        // the last upload into it
	arrived  driver.Event // comes when it is there, or later
}

// A buffer is a typed run of a block.
type buffer struct {
	dev   *Device
	block *block
	ptr   driver.Ptr
	dtype device.DType
	n     int
	whole bool // as Alloc returned it
}

func (b *buffer) DType() device.DType { return b.dtype }

func (b *buffer) Len() int { return b.n }

// Slice is the view of elements lo to hi.
func (b *buffer) Slice(lo, hi int) device.Buffer {
	if lo < 0 || hi < lo || hi > b.n || lo%device.RowLen != 0 {
		panic(fmt.Sprintf("cuda: Slice(%d, %d) of a buffer of %d: want 0 <= lo <= hi <= length and lo a multiple of %d", lo, hi, b.n, device.RowLen))
	}
	return &buffer{dev: b.dev, block: b.block, ptr: b.at(lo), dtype: b.dtype, n: hi - lo}
}

// at is the address of element i.
func (b *buffer) at(i int) driver.Ptr { return b.ptr + driver.Ptr(i)*driver.Ptr(b.dtype.Size()) }

// of is b as this package's type.
func of(b device.Buffer) *buffer {
	c, ok := b.(*buffer)
	if !ok {
		panic(fmt.Sprintf("cuda: a %T does not belong to this device", b))
	}
	return c
}

// own is b as this package's type, checked to be d's and not freed.
func (d *Device) own(b device.Buffer) *buffer {
	c := of(b)
	if c.dev != d || !c.block.held {
		panic("cuda: use of a buffer of another device, or after its Free")
	}
	return c
}

// memory caches blocks by size, so that a shape seen once allocates no more.
type memory struct {
	limit  int64
	exact  bool
	stats  device.Stats
	blocks map[*block]bool // all there are
	cache  map[int64][]*block
	live   device.Holdings
	poison bool
}

func newMemory(o Options) memory {
	return memory{
		limit: o.MemoryLimit, exact: o.Exact,
		blocks: map[*block]bool{}, cache: map[int64][]*block{}, live: device.Holdings{},
	}
}

// blockSize rounds up to one of eight sizes in each power of two: at most an
// eighth is wasted, and nearby shapes share blocks.
func (m *memory) blockSize(n int64) int64 {
	step := int64(256)
	switch {
	case m.exact:
		step = 1
	case n > 2048:
		step = 1 << (bits.Len64(uint64(n-1)) - 4)
	}
	return (max(n, 1) + step - 1) / step * step
}

// Alloc returns a buffer of n elements; see device.Memory.
func (d *Device) Alloc(t device.DType, n int) (device.Buffer, error) {
	if n < 0 || n > device.MaxLen {
		return nil, fmt.Errorf("cuda: a buffer of %d elements: want 0 to %d", n, device.MaxLen)
	}
	d.lock()
	defer d.mu.Unlock()
	b, err := d.take(int64(n) * int64(t.Size()))
	if err != nil {
		return nil, d.allocError(err)
	}
	b.held = true
	d.live.Add(t, n, 1)
	if d.poison {
		d.fillPoison(b, t)
	}
	return &buffer{dev: d, block: b, ptr: b.ptr, dtype: t, n: n, whole: true}, nil
}

// Free gives b back: the compute stream orders what used it before what will.
func (d *Device) Free(b device.Buffer) {
	c := of(b)
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.dev != d || !c.whole {
		panic("cuda: Free of a slice, of a buffer of another device, or twice")
	}
	if d.closed {
		return
	}
	c.whole, c.block.held = false, false
	d.live.Add(c.dtype, c.n, -1)
	if d.poison && d.replay == nil && c.block.owner == nil && c.block.pins == 0 {
		d.fillPoison(c.block, c.dtype)
	}
	d.give(c.block)
}

// allocError is why there is no block: no memory, which is the caller's to
// handle, or the failure of the machine, which is latched.
func (d *Device) allocError(err error) error {
	var full *device.MemoryError
	if errors.As(err, &full) {
		return full
	}
	d.try("Alloc", err)
	return d.failure
}

// take finds a block of at least n bytes: the recording's own, a cached one, or
// a new one. The error is a *device.MemoryError, or one of the driver.
func (d *Device) take(n int64) (*block, error) {
	if d.failure != nil {
		return nil, d.failure
	}
	size := d.blockSize(n)
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
		var err error
		if b, err = d.newBlock(size); err != nil {
			return nil, err
		}
	}
	d.stats.Live += size
	d.stats.Peak = max(d.stats.Peak, d.stats.Live)
	if r := d.replay; r != nil {
		b.owner = r
		r.own = append(r.own, b)
	}
	return b, nil
}

// takeWorkspace takes n bytes for the running call; that there are none is
// latched.
func (d *Device) takeWorkspace(n int64) (*block, error) {
	b, err := d.take(n)
	if err != nil {
		d.try(d.launcher.op, err)
		return nil, err
	}
	if d.poison {
		d.fillPoison(b, device.Float32)
	}
	d.useBlock(b)
	return b, nil
}

// give returns a block to where it came from, once nothing holds it back.
func (d *Device) give(b *block) {
	switch {
	case b.held: // stays with its buffer
	case b.owner != nil && b.owner == d.replay:
		b.owner.free[b.size] = append(b.owner.free[b.size], b)
	case b.owner != nil || b.pins > 0: // stays with its replays
	default:
		d.stats.Live -= b.size
		d.stats.Cached += b.size
		d.cache[b.size] = append(d.cache[b.size], b)
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

// newBlock takes memory from the driver. Of what is cached, as much goes back as would
// exceed the limit with it.
func (d *Device) newBlock(size int64) (*block, error) {
	if d.limit > 0 {
		d.trim(d.stats.Live + d.stats.Cached + size - d.limit)
	}
	var p driver.Ptr
	err := d.makeRoom(size, func() (err error) {
		p, err = d.ctx.Alloc(int(size))
		return err
	})
	if err != nil {
		return nil, err
	}
	b := &block{ptr: p, size: size}
	d.blocks[b] = true
	d.stats.Allocs++
	return b, nil
}

// makeRoom calls f, which wants so many bytes, or 0 where only the driver knows.
// Where there is no memory for it, what is cached goes back, and f is called
// again. The error is a *device.MemoryError, or any other of f's.
func (d *Device) makeRoom(want int64, f func() error) error {
	err := f()
	if noMemory(err) {
		d.trim(d.stats.Cached)
		err = f()
	}
	if noMemory(err) {
		return d.memoryError(want)
	}
	return err
}

func noMemory(err error) bool {
	if err == nil {
		return false
	}
	var e *driver.Error
	return errors.As(err, &e) && e.Code == driver.OutOfMemory
}

// trim gives cached blocks back to the driver, the largest first, until these are so
// many bytes.
func (d *Device) trim(bytes int64) {
	if bytes <= 0 {
		return
	}
	d.finish()
	for _, size := range slices.Backward(slices.Sorted(maps.Keys(d.cache))) {
		for bytes > 0 && len(d.cache[size]) > 0 {
			b := pop(d.cache, size)
			d.try("Free", d.ctx.Free(b.ptr))
			delete(d.blocks, b)
			d.stats.Cached -= size
			bytes -= size
		}
	}
}

func (d *Device) memoryError(want int64) *device.MemoryError {
	return &device.MemoryError{Device: d.name, Want: want, Live: d.stats.Live, Limit: d.limit, Holders: d.live.Largest(3)}
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

// poisons are the words that make NaN, the least integer and 0xFF.
var poisons = [...]uint32{device.Float32: 0x7FC00000, device.BFloat16: 0x7FC07FC0, device.Int32: 0x80000000, device.Uint8: 0xFFFFFFFF}

// fillPoison poisons the whole words of a block that held, or will hold, elements
// of type t: all of it, but where Options.Exact made it end within a word.
func (d *Device) fillPoison(b *block, t device.DType) {
	d.calls++
	d.useBlock(b)
	if d.failure == nil {
		d.try("Poison", d.ctx.Fill(b.ptr, poisons[t], int(b.size/4), d.compute))
	}
}
