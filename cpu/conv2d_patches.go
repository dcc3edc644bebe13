package cpu

import "example.org/chainrule/device"

// patches is the matrix whose row r holds what the window of a depthwise
// convolution sees at pixel at(r): for every tap, the channels; zeros outside the
// image.
type patches struct {
	buf                     *buffer
	height, width, channels int    // of the images
	at                      raster // of rows; where they lie is not used
	strideH, strideW        int
	dh, dw                  []int // where the taps are, from the pixel
}

// patchesOf is what the windows of s see of x.
func patchesOf(x device.Buffer, s device.Conv2D) *patches {
	oh, ow := s.Out()
	p := &patches{
		buf: of(x), height: s.H, width: s.W, channels: s.C,
		at: raster{height: oh, width: ow}, strideH: s.StrideH, strideW: s.StrideW,
	}
	for h := range s.KH {
		p.dh = append(p.dh, h*s.DilationH-s.Top)
	}
	for w := range s.KW {
		p.dw = append(p.dw, w*s.DilationW-s.Left)
	}
	return p
}

// phasePatches is what a phase of the data gradient of s sees of dy.
func phasePatches(dy *buffer, s device.Conv2D, channels int, lines, cols axisPhase) *patches {
	oh, ow := s.Out()
	return &patches{
		buf: dy, height: oh, width: ow, channels: channels,
		at: raster{height: lines.n, width: cols.n}, strideH: 1, strideW: 1,
		dh: lines.offsets, dw: cols.offsets,
	}
}
