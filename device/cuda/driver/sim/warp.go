package sim

import "math/bits"

// A warp is 32 threads in lockstep. Where they part, each path waits with its
// lanes; the path that is furthest behind goes first, so that they meet again.
type warp struct {
	id         int
	columns    []*column
	storage    []column
	predicates []uint32
	pc         int
	lanes      uint32 // on the current path
	exited     uint32 // gone, or never there
	paths      []path
	done       bool
	waiting    *instruction // the barrier it stands at
	interval   uint32       // since its last synchronisation
	scratch    column
	thread     [4]column // %tid.x, y, z, %warpid
	local      []byte
	open       []transfer   // cp.async of the group not yet committed
	groups     [][]transfer // committed, not yet landed
}

// A path is lanes that wait to go on elsewhere. A parked one waits for others.
type path struct {
	pc     int
	lanes  uint32
	parked bool
}

// reset puts a warp of so many threads at the start of the kernel.
func (w *warp) reset(threads int) {
	w.pc, w.paths, w.done, w.waiting = 0, w.paths[:0], false, nil
	w.lanes = uint32(1<<threads - 1)
	w.exited = ^w.lanes
	w.open, w.groups = w.open[:0], w.groups[:0]
}

// meet is called where paths may join: it merges those that are here, and lets
// one that is behind go first.
func (w *warp) meet() {
	for {
		i := w.furthestBehind()
		if i < 0 || w.paths[i].pc > w.pc {
			return
		}
		p := w.take(i)
		if p.pc == w.pc {
			w.lanes |= p.lanes
			continue
		}
		w.paths = append(w.paths, path{pc: w.pc, lanes: w.lanes})
		w.pc, w.lanes = p.pc, p.lanes
	}
}

// furthestBehind is the waiting path with the lowest address, or -1. A parked
// one counts only when it waits right here.
func (w *warp) furthestBehind() int {
	best := -1
	for i, p := range w.paths {
		if p.parked && p.pc != w.pc {
			continue
		}
		if best < 0 || p.pc < w.paths[best].pc {
			best = i
		}
	}
	return best
}

func (w *warp) take(i int) path {
	p := w.paths[i]
	last := len(w.paths) - 1
	w.paths[i] = w.paths[last]
	w.paths = w.paths[:last]
	return p
}

// park lets the current path wait for lanes that are elsewhere; false when
// there is no other path that can run.
func (w *warp) park() bool {
	for i, p := range w.paths {
		if !p.parked {
			p = w.take(i)
			w.paths = append(w.paths, path{pc: w.pc, lanes: w.lanes, parked: true})
			w.pc, w.lanes = p.pc, p.lanes
			w.meet()
			return true
		}
	}
	return false
}

// leave ends the threads of some lanes. It reports whether the warp goes on, on
// another path if need be.
func (w *warp) leave(lanes uint32) (more bool) {
	w.exited |= lanes
	w.lanes &^= lanes
	if w.lanes != 0 {
		w.pc++
		return true
	}
	if len(w.paths) == 0 {
		w.done = true
		return false
	}
	p := w.take(0)
	w.pc, w.lanes = p.pc, p.lanes
	w.meet()
	return true
}

// jump takes a branch for some lanes; the others go on.
func (w *warp) jump(target int, lanes uint32) {
	switch lanes {
	case w.lanes:
		w.pc = target
	case 0:
		w.pc++
	default:
		w.paths = append(w.paths, path{pc: target, lanes: lanes})
		w.lanes &^= lanes
		w.pc++
	}
}

func (w *warp) setPredicate(at int32, v, lanes uint32) {
	w.predicates[at] = w.predicates[at]&^lanes | v&lanes
}

// arithmetic runs an alu for some lanes. Lanes that have exited may hold
// anything, so that a warp with a cut-off tail runs at full speed.
func (w *warp) arithmetic(in *instruction, lanes uint32) {
	d := w.columns[in.d]
	if lanes|w.exited == allLanes {
		in.alu(d, w.columns[in.a], w.columns[in.b], w.columns[in.c])
		return
	}
	in.alu(&w.scratch, w.columns[in.a], w.columns[in.b], w.columns[in.c])
	for m := lanes; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		d[l] = w.scratch[l]
	}
}

func (w *warp) compare(in *instruction, lanes uint32) {
	r := in.compare(w.columns[in.a], w.columns[in.b])
	q := ^r
	if in.combine != nil {
		c := w.predicates[in.c]
		r, q = in.combine(r, c), in.combine(q, c)
	}
	w.setPredicate(in.d, r, lanes)
	if in.e >= 0 {
		w.setPredicate(in.e, q, lanes)
	}
}

func (w *warp) choose(in *instruction, lanes uint32) {
	d, a, b, p := w.columns[in.d], w.columns[in.a], w.columns[in.b], w.predicates[in.c]
	if lanes|w.exited == allLanes {
		for l := range d {
			v := b[l]
			if p>>l&1 != 0 {
				v = a[l]
			}
			d[l] = v
		}
		return
	}
	for m := lanes; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		v := b[l]
		if p>>l&1 != 0 {
			v = a[l]
		}
		d[l] = v
	}
}

// blend sets some lanes of a column.
func blend(d *column, v uint64, lanes uint32) {
	for m := lanes; m != 0; m &= m - 1 {
		d[bits.TrailingZeros32(m)&31] = v
	}
}
