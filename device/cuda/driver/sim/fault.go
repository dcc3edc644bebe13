package sim

import (
	"fmt"
	"math/bits"

	"example.org/chainrule/device/cuda/driver"
)

// A FaultKind is what a kernel did wrong.
type FaultKind string

// What the simulator finds.
const (
	OutOfBounds   FaultKind = "out of bounds"
	Wild          FaultKind = "wild address"
	UseAfterFree  FaultKind = "use after free"
	Misaligned    FaultKind = "misaligned"
	Uninitialized FaultKind = "uninitialised read"
	EarlyRead     FaultKind = "cp.async read before its wait"
	SharedRace    FaultKind = "shared-memory race"
	GlobalRace    FaultKind = "race between blocks"
	SplitBarrier  FaultKind = "split barrier"
	SplitWarp     FaultKind = "split warp operation"
	Endless       FaultKind = "endless loop"
)

// A Fault is a bug of a kernel, found while it ran. It wraps a *driver.Error
// with the code that hardware would give, where hardware would notice.
type Fault struct {
	Kind       FaultKind
	Kernel     string
	PTXLine    int
	Source     string // file:line of the CUDA source, if the PTX says it
	Block      [3]int
	Thread     [3]int
	Other      *[3]int // the other thread, of a race or a split
	OtherBlock *[3]int // its block, if not the same
	Detail     string
}

func (f *Fault) Error() string {
	s := fmt.Sprintf("sim: %s: kernel %s, PTX line %d, %s, block %v, thread %v", f.Kind, f.Kernel, f.PTXLine, f.Source, f.Block, f.Thread)
	if f.OtherBlock != nil {
		s += fmt.Sprintf(", other block %v", *f.OtherBlock)
	}
	if f.Other != nil {
		s += fmt.Sprintf(", other thread %v", *f.Other)
	}
	return s + ": " + f.Detail
}

// Unwrap is the driver's view of the fault.
func (f *Fault) Unwrap() error {
	code := driver.LaunchFailed
	switch f.Kind {
	case OutOfBounds, Wild, UseAfterFree:
		code = driver.IllegalAddress
	case Misaligned:
		code = driver.MisalignedAddress
	case Endless:
		code = driver.LaunchTimeout
	}
	return &driver.Error{Call: "cuLaunchKernel", Code: code, Detail: string(f.Kind)}
}

// fault ends the launch with a fault of the first of some lanes.
func (m *machine) fault(lanes uint32, kind FaultKind, format string, args ...any) {
	m.raise(m.newFault(lanes, kind, format, args...))
}

// faultOther is fault with another thread of the block.
func (m *machine) faultOther(lanes uint32, other int, kind FaultKind, format string, args ...any) {
	f := m.newFault(lanes, kind, format, args...)
	at := m.threadAt(other)
	f.Other = &at
	m.raise(f)
}

// raise is caught by machine.run.
func (m *machine) raise(f *Fault) { panic(f) }

func (m *machine) newFault(lanes uint32, kind FaultKind, format string, args ...any) *Fault {
	in := &m.program.code[m.now.pc]
	source := "source unknown"
	if name := m.program.files[in.file]; name != "" {
		source = fmt.Sprintf("%s:%d", name, in.source)
	}
	return &Fault{
		Kind: kind, Kernel: m.program.name, PTXLine: in.line, Source: source,
		Block: m.at, Thread: m.threadAt(m.now.id*32 + bits.TrailingZeros32(lanes)&31),
		Detail: fmt.Sprintf(format, args...),
	}
}
