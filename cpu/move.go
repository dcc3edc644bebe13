package cpu

import "example.org/chainrule/device"

// A mover moves elements from one buffer to another.
type mover struct {
	// run moves n elements: to y at yAt and every yStep from there, from x alike.
	run func(yAt, yStep, xAt, xStep, n int)
	// transpose moves a block of 8 by n elements, n a multiple of 8: those that are
	// neighbours in y lie xStep apart in x, and the other way round; nil where
	// there is no such loop.
	transpose func(yAt, yStep, xAt, xStep, n int)
}

// moverOf is the mover between two buffers, for all that device.Movement
// allows.
func moverOf(y device.Dst, x *buffer) mover {
	b := of(y.Buf)
	switch {
	case x.dtype == device.Int32:
		return mover{run: moveSame(b.i32, x.i32)}
	case x.dtype == device.Uint8:
		return mover{run: moveSame(b.u8, x.u8)}
	case b.dtype != x.dtype || b.dtype == device.BFloat16 && y.Add:
		return mover{run: moveData(b, x, y.Add)}
	case b.dtype == device.BFloat16:
		return mover{run: moveSame(b.bf16, x.bf16)}
	case y.Add:
		return mover{run: moveAdd(x.dev.kernel, b.f32, x.f32)}
	}
	return mover{moveSame(b.f32, x.f32), transpose(x.dev.kernel, b.f32, x.f32)}
}

func transpose(k *kernels, y, x []float32) func(yAt, yStep, xAt, xStep, n int) {
	return func(yAt, yStep, xAt, xStep, n int) { k.transpose(y[yAt:], yStep, x[xAt:], xStep, n) }
}

func moveSame[T any](y, x []T) func(yAt, yStep, xAt, xStep, n int) {
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

func moveAdd(k *kernels, y, x []float32) func(yAt, yStep, xAt, xStep, n int) {
	return func(yAt, yStep, xAt, xStep, n int) {
		if yStep == 1 && xStep == 1 {
			k.add(y[yAt:yAt+n], x[xAt:xAt+n])
			return
		}
		for range n {
			y[yAt] += x[xAt]
			yAt, xAt = yAt+yStep, xAt+xStep
		}
	}
}

// moveData is the general case: it widens, adds and rounds.
func moveData(y, x *buffer, add bool) func(yAt, yStep, xAt, xStep, n int) {
	return func(yAt, yStep, xAt, xStep, n int) {
		if yStep == 1 && xStep == 1 && !add {
			x.dev.kernel.widen(y.f32[yAt:yAt+n], x.bf16[xAt:xAt+n])
			return
		}
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
	if m.transpose != nil && k.y == 1 && j.x == 1 {
		m.squares(yAt, xAt, j, k)
		return
	}
	if k.extent < min(j.extent, 16) {
		j, k = k, j
	}
	for i := range j.extent {
		m.run(yAt+i*j.y, k.y, xAt+i*j.x, k.x, k.extent)
	}
}

// squares moves a block whose rows k are contiguous in y, and whose columns j are
// in x: squares of 8 by 8, then what is left beside and below them.
func (m mover) squares(yAt, xAt int, j, k moveAxis) {
	cols, rows := j.extent&^7, k.extent&^7
	for i := 0; i < rows; i += 8 {
		m.transpose(yAt+i, j.y, xAt+i*k.x, k.x, cols)
	}
	for i := cols; i < j.extent; i++ {
		m.run(yAt+i*j.y, 1, xAt+i, k.x, rows)
	}
	for i := rows; i < k.extent; i++ {
		m.run(yAt+i, j.y, xAt+i*k.x, 1, j.extent)
	}
}
