package sim

import (
	"slices"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// laneColumns are the special registers that depend on the lane alone.
type laneColumns struct{ id, eq, le, lt, ge, gt column }

func newMachine(mem *memory, o Options) *machine {
	m := &machine{memory: mem, budget: o.Budget, random: o.random()}
	for l := range uint64(32) {
		eq := uint64(1) << l
		m.lanes.id[l], m.lanes.eq[l] = l, eq
		m.lanes.lt[l], m.lanes.le[l] = eq-1, eq|(eq-1)
		m.lanes.ge[l], m.lanes.gt[l] = uint64(allLanes)&^(eq-1), uint64(allLanes)&^(eq|(eq-1))
	}
	return m
}

// prepare sets the machine up for a launch. The configuration is checked.
func (m *machine) prepare(f *function, c driver.Config, params []byte) {
	same := m.function == f && m.block == c.Block
	m.function, m.program, m.params = f, f.program, params
	m.grid, m.block = c.Grid, c.Block
	m.threads = c.Block[0] * c.Block[1] * c.Block[2]
	m.blocks = c.Grid[0] * c.Grid[1] * c.Grid[2]
	m.launches++
	m.left = m.budget
	m.shared.size(f.program.shared+c.Shared, f.program.grain)
	m.takeWarps((m.threads + 31) / 32)
	if !same {
		m.bind(f)
	}
	for axis := range 3 {
		fill(&m.uniform[3+axis], uint64(m.grid[axis]))
		fill(&m.uniform[6+axis], uint64(m.block[axis]))
	}
	m.issued = cleared(m.issued, len(f.program.code))
	m.active = cleared(m.active, len(f.program.code))
	m.requests = cleared(m.requests, f.program.requests)
	m.counters = Counters{}
}

// cleared is s with n zero elements, in place where they fit.
func cleared[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// takeWarps sets m.warps to so many.
func (m *machine) takeWarps(n int) {
	for len(m.pool) < n {
		m.pool = append(m.pool, &warp{id: len(m.pool)})
	}
	m.warps = m.pool[:n]
	m.order = m.order[:0]
	for i := range n {
		m.order = append(m.order, i)
	}
}

// bind points the columns of every warp at its registers and at what a launch
// of f reads besides.
func (m *machine) bind(f *function) {
	for _, w := range m.warps {
		m.bindWarp(w, f)
	}
}

func (m *machine) bindWarp(w *warp, f *function) {
	p := f.program
	if len(w.storage) < p.registers {
		w.storage = make([]column, p.registers)
	}
	if len(w.local) < 32*p.local {
		w.local = make([]byte, 32*p.local)
	}
	w.columns = cleared(w.columns, max(p.columns, 1))
	w.columns[0] = &w.scratch
	for i := range p.registers {
		w.columns[i] = &w.storage[i]
	}
	for i, c := range p.constants {
		w.columns[c.at] = &f.constants[i]
	}
	for i, g := range p.globals {
		w.columns[g.at] = &f.globals[i]
	}
	for _, s := range p.specials {
		w.columns[s.at] = m.special(w, s.name)
	}
	w.predicates = cleared(w.predicates, p.predicates)
	for _, t := range p.truths {
		w.predicates[t.at] = -bit(t.value != 0)
	}
	m.fillThread(w)
}

// fillThread computes %tid and %warpid.
func (m *machine) fillThread(w *warp) {
	for l := range w.thread[0] {
		t := w.id*32 + l
		at := m.threadAt(t)
		for axis := range 3 {
			w.thread[axis][l] = uint64(at[axis])
		}
		w.thread[3][l] = uint64(w.id)
	}
}

// threadAt is a thread's x, y and z.
func (m *machine) threadAt(t int) [3]int {
	return [3]int{t % m.block[0], t / m.block[0] % m.block[1], t / m.block[0] / m.block[1]}
}

// special is the column of a special register.
func (m *machine) special(w *warp, name string) *column {
	if i := slices.Index(uniformSpecials, name); i >= 0 {
		return &m.uniform[i]
	}
	return map[string]*column{
		"%tid.x": &w.thread[0], "%tid.y": &w.thread[1], "%tid.z": &w.thread[2], "%warpid": &w.thread[3],
		"%laneid": &m.lanes.id, "%lanemask_eq": &m.lanes.eq, "%lanemask_le": &m.lanes.le,
		"%lanemask_lt": &m.lanes.lt, "%lanemask_ge": &m.lanes.ge, "%lanemask_gt": &m.lanes.gt,
	}[name]
}

// A module is PTX loaded into a context.
type module struct {
	functions map[string]driver.Function
	variables []driver.Ptr
}

// A function is a kernel of a module: its program, and the columns that hold
// the program's constants and the addresses of the module's variables.
type function struct {
	program    *program
	constants  []column
	globals    []column
	maxDynamic int // bytes of dynamic shared memory
}

func newFunction(p *program, address map[*ptx.Variable]driver.Ptr) *function {
	f := &function{program: p, constants: make([]column, len(p.constants)), globals: make([]column, len(p.globals))}
	for i, c := range p.constants {
		fill(&f.constants[i], c.value)
	}
	for i, g := range p.globals {
		fill(&f.globals[i], uint64(address[g.variable]))
	}
	return f
}
