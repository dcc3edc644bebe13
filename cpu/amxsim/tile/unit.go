// Package tile does what a processor with AMX does: it decodes the instructions of
// AMX-TILE and AMX-BF16 and executes them on tiles of its own, with the checks that
// the architecture makes. Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 1, chapter 18, and volume 2.
package tile

import "encoding/binary"

// What palette 1 offers, the only one there is.
const (
	tiles    = 8
	tileRows = 16
	rowBytes = 64
)

// A Unit is the tile state of a thread. The zero Unit is the initial state, in which
// no tile is configured.
type Unit struct {
	palette  int // 0 where no tile is configured
	startRow int // of a load or store that an earlier fault interrupted
	tile     [tiles]data
}

// data is a tile: so many rows of so many bytes of it count.
type data struct {
	rows, bytes int
	row         [tileRows][rowBytes]byte
}

// A Machine is what instructions need of the rest of the processor.
type Machine interface {
	// Register is a general register by its number in encodings, RAX to R15.
	Register(number int) uint64
	// Read fills rows from memory: the first from address at on, the next ones
	// stride bytes further on each. It reports false where memory cannot be read.
	Read(rows [][]byte, at, stride uint64) bool
	// Write is Read the other way.
	Write(rows [][]byte, at, stride uint64) bool
}

// A Fault is what the processor raises instead of doing an instruction.
type Fault int

const (
	None       Fault = iota
	Undefined        // #UD: no tile of that shape is configured, or the tiles do not fit
	Protection       // #GP: a configuration that is not valid
	Page             // #PF: memory that is not there
)

func (f Fault) String() string { return [...]string{"none", "#UD", "#GP", "#PF"}[f] }

// Step does the instruction that code, at address at, begins with, and says how
// long it is. The length is 0 where code begins with none of AMX, as where the
// instruction faults, which then has changed nothing.
func (u *Unit) Step(m Machine, code []byte, at uint64) (length int, fault Fault) {
	i, ok := decode(code)
	if !ok {
		return 0, None
	}
	if fault := u.do(m, i, at+uint64(i.length)); fault != None {
		return 0, fault
	}
	return i.length, None
}

// do is instruction i, which ends at address end.
func (u *Unit) do(m Machine, i instruction, end uint64) Fault {
	switch i.op {
	case ldtilecfg:
		return u.configure(m, i.memory.address(m, end))
	case sttilecfg:
		return u.tell(m, i.memory.address(m, end))
	case tilerelease:
		*u = Unit{}
		return None
	case tilezero:
		return u.zero(i.dst)
	case tileload:
		return u.load(m, i)
	case tilestore:
		return u.store(m, i)
	}
	return u.multiply(i.dst, i.src1, i.src2)
}

// address is where o lies, after an instruction that ends at end.
func (o operand) address(m Machine, end uint64) uint64 {
	at := o.first(m) + o.stride(m)
	if o.relative {
		at += end
	}
	return at
}

// first is where o lies without its index: the first row of a tile.
func (o operand) first(m Machine) uint64 {
	if o.base == none {
		return uint64(o.disp)
	}
	return m.Register(o.base) + uint64(o.disp)
}

// stride is the index of o, scaled.
func (o operand) stride(m Machine) uint64 {
	if o.index == none {
		return 0
	}
	return m.Register(o.index) << o.scale
}

// configure is LDTILECFG: it takes the shapes of tiles from memory, and clears all.
func (u *Unit) configure(m Machine, at uint64) Fault {
	var c [64]byte
	if !m.Read([][]byte{c[:]}, at, 0) {
		return Page
	}
	if c[0] == 0 {
		*u = Unit{}
		return None
	}
	next := Unit{palette: int(c[0]), startRow: int(c[1])}
	if c[0] != 1 || !zero(c[2:16]) || !zero(c[32:48]) || !zero(c[56:]) {
		return Protection
	}
	for n := range next.tile {
		t := &next.tile[n]
		t.bytes, t.rows = int(binary.LittleEndian.Uint16(c[16+2*n:])), int(c[48+n])
		if t.bytes > rowBytes || t.rows > tileRows || (t.bytes == 0) != (t.rows == 0) {
			return Protection
		}
	}
	*u = next
	return None
}

// tell is STTILECFG: it writes what configure read.
func (u *Unit) tell(m Machine, at uint64) Fault {
	var c [64]byte
	c[0], c[1] = byte(u.palette), byte(u.startRow)
	for n, t := range u.tile {
		binary.LittleEndian.PutUint16(c[16+2*n:], uint16(t.bytes))
		c[48+n] = byte(t.rows)
	}
	if !m.Write([][]byte{c[:]}, at, 0) {
		return Page
	}
	return None
}

func zero(v []byte) bool {
	for _, b := range v {
		if b != 0 {
			return false
		}
	}
	return true
}

// zero is TILEZERO.
func (u *Unit) zero(n int) Fault {
	if u.tile[n].rows == 0 {
		return Undefined
	}
	clear(u.tile[n].row[:])
	u.startRow = 0
	return None
}

// movable reports whether tile n can be loaded and stored.
func (u *Unit) movable(n int) bool {
	t := &u.tile[n]
	return t.rows > 0 && t.bytes%4 == 0 && u.startRow < t.rows
}

// place is the first row of an instruction to load or store, and their distance.
func (u *Unit) place(m Machine, o operand) (at, stride uint64) {
	stride = o.stride(m)
	return o.first(m) + uint64(u.startRow)*stride, stride
}

// load is TILELOADD: what is beyond the shape becomes zero.
func (u *Unit) load(m Machine, i instruction) Fault {
	if !u.movable(i.dst) {
		return Undefined
	}
	next := u.tile[i.dst]
	clear(next.row[u.startRow:])
	at, stride := u.place(m, i.memory)
	if !m.Read(next.counted(u.startRow), at, stride) {
		return Page
	}
	u.tile[i.dst], u.startRow = next, 0
	return None
}

// store is TILESTORED.
func (u *Unit) store(m Machine, i instruction) Fault {
	if !u.movable(i.dst) {
		return Undefined
	}
	at, stride := u.place(m, i.memory)
	if !m.Write(u.tile[i.dst].counted(u.startRow), at, stride) {
		return Page
	}
	u.startRow = 0
	return None
}

// counted are the rows that count, from one on, as far as they count.
func (t *data) counted(from int) (rows [][]byte) {
	for r := from; r < t.rows; r++ {
		rows = append(rows, t.row[r][:t.bytes])
	}
	return rows
}
