package cuda

import "example.org/chainrule/device"

// axes are axes that two arrays are walked along together, innermost first, each
// with its stride in both; 0 where an array repeats. Those of extent 1 are left
// out, and neighbours that continue each other in both arrays are one.
type axes struct {
	rank    int
	extent  [device.MaxDims]int
	strides [2][device.MaxDims]int
}

// append adds an outer axis.
func (s *axes) append(extent, a, b int) {
	if extent == 1 {
		return
	}
	if k := s.rank - 1; k >= 0 && a == s.strides[0][k]*s.extent[k] && b == s.strides[1][k]*s.extent[k] {
		s.extent[k] *= extent
		return
	}
	s.extent[s.rank], s.strides[0][s.rank], s.strides[1][s.rank] = extent, a, b
	s.rank++
}

// len is the number of elements.
func (s *axes) len() int {
	n := 1
	for _, e := range s.extent[:s.rank] {
		n *= e
	}
	return n
}

// axes packs axes as kernels/axes.cuh has them.
func (a *args) axes(s *axes) *args {
	return a.i32(s.rank).i32(s.extent[:]...).i32(s.strides[0][:]...).i32(s.strides[1][:]...)
}

// broadcast are the axes of a result, with the strides of its operands.
func broadcast(s device.Binary) (b axes) {
	next := [2]int{1, 1} // stride of the next axis, in each operand
	for k := device.MaxDims - 1; k >= 0; k-- {
		var strides [2]int
		for i, repeats := range [2]bool{s.RepeatA[k], s.RepeatB[k]} {
			if !repeats {
				strides[i] = next[i]
				next[i] *= s.Dims[k]
			}
		}
		b.append(s.Dims[k], strides[0], strides[1])
	}
	return b
}

// repeats reports whether array i repeats along an axis.
func (s *axes) repeats(i int) bool {
	for _, stride := range s.strides[i][:s.rank] {
		if stride == 0 {
			return true
		}
	}
	return false
}

// inQuads reports whether four elements in a row are one vector or one scalar of
// each array.
func (s *axes) inQuads() bool { return s.rank <= 1 || s.extent[0]%4 == 0 }

// split gives the axes of a result along which operand i does not repeat, and those
// along which it does, each with its stride in the result and in the other operand.
func (s *axes) split(i int) (kept, repeated axes) {
	stride := 1
	for k, extent := range s.extent[:s.rank] {
		if s.strides[i][k] == 0 {
			repeated.append(extent, stride, s.strides[1-i][k])
		} else {
			kept.append(extent, stride, s.strides[1-i][k])
		}
		stride *= extent
	}
	return kept, repeated
}
