package cuda

import (
	"fmt"
	"math"
	"unsafe"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// stagingBytes is the length of a slot: a batch of images fits, larger copies
// go in pieces.
const stagingBytes = 1 << 20

// staging is page-locked host memory, in slots that take turns, so that an
// upload returns while its bytes are still on their way.
type staging struct {
	slots [4]slot
	next  int
}

type slot struct {
	mem   []byte
	event driver.Event // after the slot's last upload
}

// takeSlot waits for the slot whose turn it is.
func (d *Device) takeSlot() (*slot, error) {
	s := &d.staging.slots[d.staging.next]
	if s.mem == nil {
		err := d.makeRoom(stagingBytes, func() (err error) {
			s.mem, err = d.ctx.AllocHost(stagingBytes)
			return err
		})
		if err != nil {
			return nil, err
		}
	} else if err := d.ctx.SyncEvent(s.event); err != nil {
		return nil, err
	}
	d.staging.next = (d.staging.next + 1) % len(d.staging.slots)
	return s, nil
}

// Upload fills dst from a host slice; see device.Memory.
func (d *Device) Upload(dst device.Buffer, src any) {
	d.lock()
	defer d.mu.Unlock()
	if d.misused() != nil {
		return
	}
	b := d.own(dst)
	if write, ok := src.(func([]float32)); ok && b.dtype == device.Float32 {
		v := make([]float32, b.n)
		write(v)
		src = v
	}
	if n := hostLen(src, b.dtype); n != b.n {
		panic(fmt.Sprintf("cuda: Upload of a %T into %v[%d]", src, b.dtype, b.n))
	}
	if d.failure == nil && b.n > 0 {
		d.try("Upload", d.upload(b, src))
	}
}

func (d *Device) upload(b *buffer, src any) error {
	if err := d.setMark(); err != nil {
		return err
	}
	if err := d.awaitCalls(b.block); err != nil {
		return err
	}
	d.uploads++
	return b.pieces(func(lo, hi int) error {
		s, err := d.takeSlot()
		if err != nil {
			return err
		}
		piece := s.mem[:(hi-lo)*b.dtype.Size()]
		fromHost(piece, b.dtype, src, lo, hi)
		if err := d.ctx.Upload(b.at(lo), piece, d.copies); err != nil {
			return err
		}
		b.block.uploaded, b.block.arrived = d.uploads, s.event
		return d.ctx.Record(s.event, d.copies)
	})
}

// Download fills a host slice from src; see device.Memory.
func (d *Device) Download(dst any, src device.Buffer) error {
	d.lock()
	defer d.mu.Unlock()
	if err := d.misused(); err != nil {
		return err
	}
	b := d.own(src)
	if n := hostLen(dst, b.dtype); n != b.n {
		panic(fmt.Sprintf("cuda: Download of %v[%d] into a %T", b.dtype, b.n, dst))
	}
	if d.failure == nil {
		d.use(src)
		d.try("Download", d.download(dst, b))
	}
	return d.err()
}

func (d *Device) download(dst any, b *buffer) error {
	return b.pieces(func(lo, hi int) error {
		s, err := d.takeSlot()
		if err != nil {
			return err
		}
		piece := s.mem[:(hi-lo)*b.dtype.Size()]
		if err := d.ctx.Download(piece, b.at(lo), d.compute); err != nil {
			return err
		}
		if err := d.ctx.Sync(d.compute); err != nil {
			return fmt.Errorf("kernel %v, or work before it: %w", d.last, err)
		}
		toHost(dst, b.dtype, piece, lo, hi)
		return nil
	})
}

// pieces calls f for runs of elements that fit a slot.
func (b *buffer) pieces(f func(lo, hi int) error) error {
	step := stagingBytes / b.dtype.Size()
	for lo := 0; lo < b.n; lo += step {
		if err := f(lo, min(lo+step, b.n)); err != nil {
			return err
		}
	}
	return nil
}

// hostLen is the length of a slice that t is copied from and to, -1 for any
// other value.
func hostLen(v any, t device.DType) int {
	switch s := v.(type) {
	case []float32:
		return lenIf(s, t.IsFloat())
	case []float64:
		return lenIf(s, t.IsFloat())
	case []int32:
		return lenIf(s, t == device.Int32)
	case []uint8:
		return lenIf(s, t == device.Uint8)
	}
	return -1
}

func lenIf[T any](s []T, ok bool) int {
	if !ok {
		return -1
	}
	return len(s)
}

// fromHost writes elements lo to hi of a host slice to mem, as t.
func fromHost(mem []byte, t device.DType, src any, lo, hi int) {
	switch s := src.(type) {
	case []float32:
		if t == device.Float32 {
			copy(view[float32](mem), s[lo:hi])
		} else {
			narrow(mem, t, s[lo:hi])
		}
	case []float64:
		narrow(mem, t, s[lo:hi])
	case []int32:
		copy(view[int32](mem), s[lo:hi])
	case []uint8:
		copy(mem, s[lo:hi])
	}
}

// toHost reads elements lo to hi of a host slice from mem, which holds t.
func toHost(dst any, t device.DType, mem []byte, lo, hi int) {
	switch s := dst.(type) {
	case []float32:
		if t == device.Float32 {
			copy(s[lo:hi], view[float32](mem))
		} else {
			widen(s[lo:hi], t, mem)
		}
	case []float64:
		widen(s[lo:hi], t, mem)
	case []int32:
		copy(s[lo:hi], view[int32](mem))
	case []uint8:
		copy(s[lo:hi], mem)
	}
}

func narrow[T float32 | float64](mem []byte, t device.DType, src []T) {
	if t == device.Float32 {
		for i, out := 0, view[float32](mem); i < len(out); i++ {
			out[i] = float32(src[i])
		}
		return
	}
	for i, out := 0, view[uint16](mem); i < len(out); i++ {
		out[i] = toBFloat16(float32(src[i]))
	}
}

func widen[T float32 | float64](dst []T, t device.DType, mem []byte) {
	if t == device.Float32 {
		for i, v := range view[float32](mem) {
			dst[i] = T(v)
		}
		return
	}
	for i, v := range view[uint16](mem) {
		dst[i] = T(math.Float32frombits(uint32(v) << 16))
	}
}

// toBFloat16 rounds to nearest, ties to even; NaN stays a quiet NaN.
func toBFloat16(f float32) uint16 {
	u := math.Float32bits(f)
	if f != f {
		return uint16(u>>16 | 0x40)
	}
	return uint16((u + 0x7FFF + u>>16&1) >> 16)
}

// view is mem, which is aligned, as a slice of Ts.
func view[T float32 | int32 | uint16](mem []byte) []T {
	var v T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), len(mem)/int(unsafe.Sizeof(v)))
}
