package cpu

import "example.org/chainrule/device"

// Convert sets y = x in y's dtype; see device.Elementwise.
func (d *Device) Convert(y device.Dst, x device.Buffer) {
	call := device.Call{Op: "Convert", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}
	d.run(call, func(p *plan) {
		if !y.Wanted() {
			return
		}
		src := of(x)
		p.eachTile(x.Len(), func(lo, hi, worker int) {
			o := open(y, lo, hi, d.tile(worker, 0))
			copy(o.v, load(src, lo, hi, o.v)) // what load widens is there already
			o.commit()
		})
	})
}

// Fill sets y = v; see device.Elementwise.
func (d *Device) Fill(y device.Dst, v float32) {
	d.run(device.Call{Op: "Fill", Dst: [4]device.Dst{y}}, func(p *plan) {
		if !y.Wanted() {
			return
		}
		p.eachTile(y.Buf.Len(), func(lo, hi, worker int) {
			o := open(y, lo, hi, d.tile(worker, 0))
			fill(o.v, v)
			o.commit()
		})
	})
}

// Normalize sets y = scale x + shift by channels; see device.Elementwise.
func (d *Device) Normalize(y device.Dst, x, scale, shift device.Buffer) {
	call := device.Call{
		Op: "Normalize", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x, scale, shift}, FLOPs: 2 * int64(x.Len()),
	}
	d.run(call, func(p *plan) {
		if !y.Wanted() {
			return
		}
		pixels, a, b := of(x).u8, f32(scale), f32(shift)
		p.eachTile(len(pixels), func(lo, hi, worker int) {
			o := open(y, lo, hi, d.tile(worker, 0))
			pixelRow(o.v, pixels[lo:hi], a, b, lo%len(a))
			o.commit()
		})
	})
}

// pixelRow sets y = a[c] x + b[c], where the first element has channel c: one
// channel after the other.
func pixelRow(y []float32, x []uint8, a, b []float32, c int) {
	for first := range min(len(a), len(x)) {
		scale, shift := a[(c+first)%len(a)], b[(c+first)%len(a)]
		for i := first; i < len(x); i += len(a) {
			y[i] = scale*float32(x[i]) + shift
		}
	}
}
