package cpu

import "example.org/chainrule/device"

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
			o := open(y, lo, hi, d.tile(worker, 0))
			dropoutRow(o.v, load(src, lo, hi, d.tile(worker, 1)), lo, cell, s)
			o.commit()
		})
	})
}

// dropoutRow is dropout of a span whose first element has number lo, a multiple
// of 4: one block of Philox serves four elements.
func dropoutRow(y, x []float32, lo int, cell []int32, s device.Dropout) {
	key := [2]uint32{uint32(cell[0]), uint32(cell[1])}
	counter := [4]uint32{uint32(lo / 4), s.Site, uint32(cell[2]), uint32(cell[3])}
	kept, threshold := 1/(1-s.P), s.Threshold()
	var words [4]uint32
	for i := range min(len(y), len(x)) {
		if i%4 == 0 {
			words = device.Philox(counter, key)
			counter[0]++
		}
		y[i] = keep(kept*x[i], 1-above(threshold, words[i%4]))
	}
}
