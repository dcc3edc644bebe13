package cpu

import "example.org/chainrule/device"

// A mover moves n elements: to y at yAt and every yStep from there, from x
// alike.
type mover func(yAt, yStep, xAt, xStep, n int)

// moverOf is the mover between two buffers, for all that device.Movement
// allows.
func moverOf(y device.Dst, x *buffer) mover {
	b := of(y.Buf)
	switch {
	case x.dtype == device.Int32:
		return moveSame(b.i32, x.i32)
	case x.dtype == device.Uint8:
		return moveSame(b.u8, x.u8)
	case b.dtype != x.dtype || b.dtype == device.BFloat16 && y.Add:
		return moveData(b, x, y.Add)
	case b.dtype == device.BFloat16:
		return moveSame(b.bf16, x.bf16)
	case y.Add:
		return moveAdd(b.f32, x.f32)
	}
	return moveSame(b.f32, x.f32)
}

func moveSame[T any](y, x []T) mover {
	return func(yAt, yStep, xAt, xStep, n int) {
		if yStep == 1 && xStep == 1 {
			copy(y[yAt:yAt+n], x[xAt:xAt+n])
			return
		}
		for range n {
			y[yAt] = x[xAt]
			yAt, xAt = yAt+yStep, xAt+xStep
		}
	}
}

func moveAdd(y, x []float32) mover {
	return func(yAt, yStep, xAt, xStep, n int) {
		for range n {
			y[yAt] += x[xAt]
			yAt, xAt = yAt+yStep, xAt+xStep
		}
	}
}

// moveData is the general case: it widens, adds and rounds.
func moveData(y, x *buffer, add bool) mover {
	return func(yAt, yStep, xAt, xStep, n int) {
		for range n {
			v := x.bf16[xAt].float32()
			switch {
			case y.dtype == device.BFloat16:
				y.bf16[yAt] = toBFloat16(y.bf16[yAt].float32() + v)
			case add:
				y.f32[yAt] += v
			default:
				y.f32[yAt] = v
			}
			yAt, xAt = yAt+yStep, xAt+xStep
		}
	}
}

// A moveAxis is an axis of a rearrangement: its extent, and how far apart its
// steps are in y and in x.
type moveAxis struct{ extent, y, x int }

// blockLen is the number of elements of the blocks that transpose: they fit L1
// with the cache lines they touch.
const blockLen = 1024

// move plans a rearrangement, in blocks of the axes j and k. The first element
// goes from xAt to yAt.
func (p *plan) move(m mover, outer []moveAxis, j, k moveAxis, yAt, xAt int) {
	jLen, kLen := blockOf(j, k)
	jBlocks, kBlocks := ceilDiv(j.extent, jLen), ceilDiv(k.extent, kLen)
	blocks := jBlocks * kBlocks
	for _, a := range outer {
		blocks *= a.extent
	}
	p.each(blocks, func(i, _ int) {
		yAt, xAt := yAt, xAt
		step := func(a moveAxis, n int) {
			yAt, xAt = yAt+n*a.y, xAt+n*a.x
		}
		kAt, jAt := i%kBlocks*kLen, i/kBlocks%jBlocks*jLen
		step(k, kAt)
		step(j, jAt)
		i /= kBlocks * jBlocks
		for o := len(outer) - 1; o >= 0; o-- {
			step(outer[o], i%outer[o].extent)
			i /= outer[o].extent
		}
		m.block(yAt, xAt, moveAxis{min(jLen, j.extent-jAt), j.y, j.x}, moveAxis{min(kLen, k.extent-kAt), k.y, k.x})
	})
}

// blockOf is the extent of the blocks along j and k: whole runs where both
// sides are contiguous, else squares, or what comes next where an axis is short.
func blockOf(j, k moveAxis) (jLen, kLen int) {
	if k.y == 1 && k.x == 1 {
		kLen = min(k.extent, tileLen)
		return min(j.extent, max(1, tileLen/max(kLen, 1))), kLen
	}
	kLen = min(k.extent, blockLen/max(min(j.extent, 32), 1))
	return min(j.extent, blockLen/max(kLen, 1)), kLen
}

// block moves a block, in runs along k unless those are short.
func (m mover) block(yAt, xAt int, j, k moveAxis) {
	if k.extent < min(j.extent, 16) {
		j, k = k, j
	}
	for i := range j.extent {
		m(yAt+i*j.y, k.y, xAt+i*j.x, k.x, k.extent)
	}
}
