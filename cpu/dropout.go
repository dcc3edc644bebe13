package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// NextPass copies a stream to a cell and advances it; see device.Elementwise.
func (d *Device) NextPass(cell, stream device.Buffer) {
	call := device.Call{
		Op: "NextPass", Dst: [4]device.Dst{device.To(cell), device.To(stream)}, Src: [8]device.Buffer{stream},
	}
	d.run(call, func(p *plan) {
		cell, stream := i32(cell), i32(stream)
		p.each(1, func(_, _ int) {
			copy(cell, stream)
			if stream[2]++; stream[2] == 0 {
				stream[3]++
			}
		})
	})
}

// Dropout drops elements of x at random; see device.Elementwise.
func (d *Device) Dropout(y device.Dst, x, cell device.Buffer, s device.Dropout) {
	call := device.Call{Op: "Dropout", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x, cell}, FLOPs: int64(x.Len())}
	d.run(call, func(p *plan) {
		if !y.Wanted() {
			return
		}
		src, cell := of(x), i32(cell)
		p.eachTile(x.Len(), func(lo, hi, worker int) {
			words := d.tile(worker, 2)[:roundUp(hi-lo, randomStep)]
			d.kernel.random(words, lo, cell, s.Site)
			o := open(y, lo, hi, d.tile(worker, 0))
			d.kernel.drop(o.v, load(src, lo, hi, d.tile(worker, 1)), words, 1/(1-s.P), s.Threshold())
			o.commit()
		})
	})
}

// randomKernels are the loops of dropout, over spans of equal length; see the rows
// of these names. Words of 32 bits lie in slices of float32.
type randomKernels struct {
	philox func(a, b []float32, first, second, site, low, high, key0, key1 uint32)
	drop   func(y, x, words []float32, scale float32, threshold uint32)
}

var goRandom = randomKernels{philoxRow, dropRow}

// randomStep is what the lengths of random spans are multiples of: two vectors of
// any level.
const randomStep = 32

// random sets words to those of elements lo and on. lo is a multiple of 4.
func (k *randomKernels) random(words []float32, lo int, cell []int32, site uint32) {
	half := len(words) / 2
	k.philox(words[:half], words[half:], uint32(lo/4), uint32((lo+half)/4), site,
		uint32(cell[2]), uint32(cell[3]), uint32(cell[0]), uint32(cell[1]))
}

// philoxRow sets a to the words of device.Philox from block first on, and b to
// those from block second on. The lengths are multiples of 16.
func philoxRow(a, b []float32, first, second, site, low, high, key0, key1 uint32) {
	for i := 0; i < len(a); i += 4 {
		putWords(a[i:], device.Philox([4]uint32{first, site, low, high}, [2]uint32{key0, key1}))
		putWords(b[i:], device.Philox([4]uint32{second, site, low, high}, [2]uint32{key0, key1}))
		first, second = first+1, second+1
	}
}

func putWords(v []float32, words [4]uint32) {
	for i, w := range words {
		v[i] = math.Float32frombits(w)
	}
}

// dropRow sets y = scale x where the word is at least the threshold, else 0.
func dropRow(y, x, words []float32, scale float32, threshold uint32) {
	for i := range min(len(y), len(x), len(words)) {
		y[i] = keep(scale*x[i], 1-above(threshold, math.Float32bits(words[i])))
	}
}
