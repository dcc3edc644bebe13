package sim

// Races are found with shadow cells as wide as the kernel's narrowest access
// (program.grain), so that neighbours of any width are told apart.

// atomicFlag marks an access that does not clash with its like.
const atomicFlag = 1 << 31

// A racePage holds who touched 1024 cells of global memory in one launch. As
// blocks run one after the other, the first reader and the last writer suffice:
// if any other block read a cell, the first reader was of another block.
type racePage struct {
	launch uint64
	cells  [1024]raceCell
}

// A raceCell holds numbers of threads within the grid, from 1; 0 is nobody.
type raceCell struct{ writer, reader uint32 }

// page is the page of cell c, cleared if it is of an earlier launch.
func (m *machine) page(a *allocation, c int) *racePage {
	if a.pages == nil {
		a.pages = make([]*racePage, len(a.data)/1024+1)
	}
	p := a.pages[c>>10]
	if p == nil {
		p = &racePage{}
		a.pages[c>>10] = p
	}
	if p.launch != m.launches {
		*p = racePage{launch: m.launches}
	}
	return p
}

// firstThread is the number of the block's first thread within the grid.
func (m *machine) firstThread() uint32 { return uint32(m.index*m.threads) + 1 }

// foreign reports whether a thread is of another block.
func (m *machine) foreign(thread uint32) bool {
	return thread != 0 && thread&^atomicFlag-m.firstThread() >= uint32(m.threads)
}

// readBetweenBlocks notes a read, and faults where another block wrote.
func (m *machine) readBetweenBlocks(a *allocation, o, n, l int) {
	g := m.program.grain
	for c := o >> g; c <= (o+n-1)>>g; c++ {
		cell := &m.page(a, c).cells[c&1023]
		if cell.writer != 0 && m.foreign(cell.writer) {
			m.clash(l, cell.writer, "reads offset %d, which the other wrote", c<<g)
		}
		if cell.reader == 0 {
			cell.reader = m.firstThread() + uint32(m.now.id*32+l)
		}
	}
}

// writeBetweenBlocks notes a write, and faults where another block wrote or
// read. flag is atomicFlag for an atomic, which only clashes with the others.
func (m *machine) writeBetweenBlocks(a *allocation, o, n, l int, flag uint32) {
	g := m.program.grain
	for c := o >> g; c <= (o+n-1)>>g; c++ {
		cell := &m.page(a, c).cells[c&1023]
		if cell.writer&flag == 0 && m.foreign(cell.writer) {
			m.clash(l, cell.writer, "writes offset %d, which the other wrote", c<<g)
		}
		if m.foreign(cell.reader) {
			m.clash(l, cell.reader, "writes offset %d, which the other read", c<<g)
		}
		if !m.foreign(cell.writer) { // of several atomics, the first stays: it is another block's
			cell.writer = (m.firstThread() + uint32(m.now.id*32+l)) | flag
		}
	}
}

// clash faults with a thread of another block.
func (m *machine) clash(l int, thread uint32, format string, offset int) {
	t := int(thread&^atomicFlag) - 1
	f := m.newFault(1<<l, GlobalRace, format, offset)
	at, block := m.threadAt(t%m.threads), m.blockAt(t/m.threads)
	f.Other, f.OtherBlock = &at, &block
	m.raise(f)
}

// blockAt is a block's x, y and z.
func (m *machine) blockAt(i int) [3]int {
	return [3]int{i % m.grid[0], i / m.grid[0] % m.grid[1], i / m.grid[0] / m.grid[1]}
}
