package cuda

import (
	"encoding/binary"
	"math"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// maxArgs is the longest parameter block that a launcher packs, in bytes.
const maxArgs = 512

// args packs a kernel's parameters as PTX lays them out: each at a multiple of
// its own size. A struct of ints is packed as its ints, one after the other.
type args struct {
	block  [maxArgs]byte
	len    int
	packed func(at int, kind string) // is told of every value and its PTX type; nil for nobody
}

// grow makes room for a value of size bytes at a multiple of size.
func (a *args) grow(size int, kind string) []byte {
	at := (a.len + size - 1) / size * size
	a.len = at + size
	if a.packed != nil {
		a.packed(at, kind)
	}
	return a.block[at:a.len]
}

// ptr packs b's address; 0 for nil.
func (a *args) ptr(b device.Buffer) *args {
	if b == nil {
		return a.at(0)
	}
	return a.at(of(b).ptr)
}

// dst packs y as two parameters: its address, 0 where it is not wanted, and an
// int that is 1 where the kernel adds to it.
func (a *args) dst(y device.Dst) *args { return a.ptr(y.Buf).flag(y.Add) }

// at packs an address, such as a workspace's.
func (a *args) at(p driver.Ptr) *args { return a.u64(uint64(p)) }

// i32 packs ints, each as 32 bits.
func (a *args) i32(vs ...int) *args {
	for _, v := range vs {
		a.u32(uint32(int32(v)))
	}
	return a
}

// flag packs an int that is 1 for true.
func (a *args) flag(v bool) *args {
	if v {
		return a.u32(1)
	}
	return a.u32(0)
}

func (a *args) u32(v uint32) *args {
	binary.LittleEndian.PutUint32(a.grow(4, "u32"), v)
	return a
}

func (a *args) u64(v uint64) *args {
	binary.LittleEndian.PutUint64(a.grow(8, "u64"), v)
	return a
}

// f32 packs floats.
func (a *args) f32(vs ...float32) *args {
	for _, v := range vs {
		binary.LittleEndian.PutUint32(a.grow(4, "f32"), math.Float32bits(v))
	}
	return a
}

// bytes is what has been packed.
func (a *args) bytes() []byte { return a.block[:a.len] }
