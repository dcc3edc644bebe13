package sim

import (
	"math/bits"

	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// load lowers ld[.space][.cache][.vn].type d, [a].
func (lo *lowering) load() {
	if lo.modifier("param") {
		lo.loadParam()
		return
	}
	lo.in.columns = lo.results(0)
	lo.access(1)
	lo.in.run = loadGeneric
	switch lo.in.space {
	case ptx.Global:
		lo.in.run = loadGlobal
	case ptx.Shared:
		lo.in.run = loadShared
	case ptx.Local:
		lo.in.run = loadLocal
	}
}

// store lowers st[.space][.cache][.vn].type [a], v.
func (lo *lowering) store() {
	lo.in.columns = lo.values(1)
	lo.access(0)
	lo.in.run = storeGeneric
	switch lo.in.space {
	case ptx.Global:
		lo.in.run = storeGlobal
	case ptx.Shared:
		lo.in.run = storeShared
	case ptx.Local:
		lo.in.run = storeLocal
	}
}

// access takes operand i as the address, and the space, width and count from
// the opcode.
func (lo *lowering) access(i int) {
	lo.only("global", "shared", "local", "const", "nc", "volatile", "relaxed", "weak", "gpu", "cta",
		"ca", "cg", "cs", "lu", "cv", "wb", "wt", "v2", "v4", "L1::no_allocate", "L2::128B")
	lo.in.kind = kindRun
	lo.in.a, lo.in.offset = lo.address(lo.at(i))
	lo.element()
	lo.in.class, lo.in.space = Global, ""
	switch {
	case lo.modifier("global") || lo.modifier("const"):
		lo.in.space = ptx.Global
	case lo.modifier("shared"):
		lo.in.class, lo.in.space = Shared, ptx.Shared
	case lo.modifier("local"):
		lo.in.class, lo.in.space = Local, ptx.Local
	}
	if lo.in.size > 16 || lo.in.size&(lo.in.size-1) != 0 {
		lo.fail("%d bytes", lo.in.size)
	}
	lo.request()
}

// request numbers a memory instruction and notes its width.
func (lo *lowering) request() {
	lo.in.request = lo.program.requests
	lo.program.requests++
	if lo.in.width > 0 {
		lo.program.grain = min(lo.program.grain, bits.TrailingZeros(uint(lo.in.width)))
	}
}

// loadParam lowers ld.param: the parameters are a space of their own.
func (lo *lowering) loadParam() {
	lo.in.kind, lo.in.class, lo.in.run = kindRun, Move, loadParam
	lo.in.columns = lo.results(0)
	lo.in.a, lo.in.offset = lo.address(lo.at(1))
	if lo.err == nil && lo.at(1).Parts[0].Kind == ptx.Symbol {
		lo.in.run = loadNamedParam
	}
	lo.element()
}

// element takes the width of each register's share from the opcode's type, and
// notes whether the registers are wider and want the sign.
func (lo *lowering) element() {
	lo.in.width = lo.typeSize()
	lo.in.size = lo.in.width * len(lo.in.columns)
	if lo.isSigned() {
		lo.in.extend = 8 * (lo.registerSize() - lo.in.width)
	}
}

// registerSize is the bytes of the first register operand.
func (lo *lowering) registerSize() int {
	for _, o := range lo.source.Operands {
		if o.Kind == ptx.Vector && len(o.Parts) > 0 {
			o = o.Parts[0]
		}
		if o.Kind == ptx.Reg {
			return ptx.Size(lo.kernel.Registers[o.Reg].Type)
		}
	}
	return lo.in.width
}

// atomic lowers atom[...].op.type d, [a], b[, c] and red, which has no d.
// Floating-point sums are refused: their order, and so their bits, would change
// from run to run on hardware.
func (lo *lowering) atomic() {
	lo.in.kind, lo.in.class, lo.in.run, lo.in.d = kindRun, Atomic, runAtomic, -1
	i := 0
	if lo.parts[0] == "atom" {
		if lo.at(0).Kind != ptx.Ignored {
			lo.in.d = lo.result(0)
		}
		i = 1
	}
	lo.in.a, lo.in.offset = lo.address(lo.at(i))
	lo.in.b = lo.value(i + 1)
	if len(lo.source.Operands) > i+2 {
		lo.in.c = lo.value(i + 2)
	}
	lo.in.width = lo.typeSize()
	lo.in.size = lo.in.width
	lo.in.space = ptx.Global
	if lo.modifier("shared") {
		lo.in.space = ptx.Shared
	} else if !lo.modifier("global") {
		lo.in.space = ""
	}
	lo.in.update = atomics[lo.parts[len(lo.parts)-2]+"."+lo.last()]
	if lo.in.update == nil {
		lo.fail("not modelled")
	}
	lo.request()
}

// asyncCopy lowers cp.async and the waiting for it.
func (lo *lowering) asyncCopy() {
	lo.in.kind, lo.in.class = kindRun, AsyncCopy
	switch {
	case lo.modifier("commit_group"):
		lo.in.run = commitGroup
	case lo.modifier("wait_group"):
		lo.in.run, lo.in.offset = waitGroup, lo.at(0).Value
	case lo.modifier("wait_all"):
		lo.in.run = waitAll
	case lo.modifier("async") && !lo.modifier("bulk") && lo.modifier("shared") && lo.modifier("global"):
		lo.in.run = asyncCopy
		lo.in.d, _ = lo.address(lo.at(0))
		lo.in.a, lo.in.offset = lo.address(lo.at(1))
		lo.in.size, lo.in.width = int(lo.at(2).Value), 4
		lo.in.c = lo.constant(uint64(lo.in.size))
		if len(lo.source.Operands) == 4 {
			lo.in.c = lo.value(3)
		}
		if lo.at(0).Offset != 0 || lo.in.size != 4 && lo.in.size != 8 && lo.in.size != 16 {
			lo.fail("not modelled")
		}
		lo.request() // to shared memory
		lo.request() // from global memory
		lo.in.request--
	default:
		lo.fail("not modelled")
	}
}

// loadMatrix lowers ldmatrix.sync.aligned.m8n8.xn[.trans].shared.b16.
func (lo *lowering) loadMatrix() {
	lo.only("sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "shared")
	lo.in.kind, lo.in.class, lo.in.run = kindRun, Matrix, loadMatrix
	lo.in.columns = lo.results(0)
	lo.in.a, lo.in.offset = lo.address(lo.at(1))
	lo.in.width, lo.in.size, lo.in.mask = 4, 16, lo.constant(uint64(allLanes))
	if lo.modifier("trans") {
		lo.in.run = loadMatrixTransposed
	}
	lo.request()
}

// matrixMultiply lowers d = ab + c on tensor cores: the one shape and type that
// compute capability 8.0 has for bfloat16.
func (lo *lowering) matrixMultiply() {
	if lo.source.Op != "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" {
		lo.fail("not modelled")
		return
	}
	lo.in.kind, lo.in.class, lo.in.run = kindRun, Matrix, matrixMultiply
	lo.in.mask = lo.constant(uint64(allLanes))
	lo.in.columns = append(lo.in.columns, lo.results(0)...)
	for i := 1; i < 4; i++ {
		lo.in.columns = append(lo.in.columns, lo.values(i)...)
	}
	if len(lo.in.columns) != 4+4+2+4 {
		lo.fail("%d registers", len(lo.in.columns))
	}
}

// shuffle lowers shfl.sync.mode.b32 d[|p], a, b, c, mask.
func (lo *lowering) shuffle() {
	lo.in.kind, lo.in.class, lo.in.e = kindRun, Warp, -1
	to := lo.at(0)
	if to.Kind == ptx.Pair {
		lo.in.e = lo.predicate(to.Parts[1])
		to = to.Parts[0]
	}
	lo.in.d, lo.in.a, lo.in.b, lo.in.c = lo.register(to), lo.value(1), lo.value(2), lo.value(3)
	lo.in.mask = lo.value(4)
	lo.in.run = map[string]func(*machine, *warp, *instruction, uint32){
		"up": shuffleUp, "down": shuffleDown, "bfly": shuffleXor, "idx": shuffleIndex,
	}[lo.parts[min(2, len(lo.parts)-1)]]
	if lo.in.run == nil || lo.parts[1] != "sync" {
		lo.fail("not modelled")
	}
}

// vote lowers vote.sync.mode d, [!]p, mask.
func (lo *lowering) vote() {
	lo.in.kind, lo.in.class = kindRun, Warp
	lo.in.a, lo.in.negatedC = lo.predicate(lo.at(1)), lo.at(1).Negated
	lo.in.mask = lo.value(2)
	switch {
	case lo.modifier("ballot"):
		lo.in.d, lo.in.run = lo.result(0), ballot
	case lo.modifier("any"):
		lo.in.d, lo.in.run = lo.predicate(lo.at(0)), voteAny
	case lo.modifier("all"):
		lo.in.d, lo.in.run = lo.predicate(lo.at(0)), voteAll
	default:
		lo.fail("not modelled")
	}
}

func (lo *lowering) activeMask() {
	lo.in.kind, lo.in.class, lo.in.d = kindRun, Warp, lo.result(0)
	lo.in.run = func(_ *machine, w *warp, in *instruction, lanes uint32) {
		blend(w.columns[in.d], uint64(lanes), lanes)
	}
}

// reduceWarp lowers redux.sync.op.type d, a, mask.
func (lo *lowering) reduceWarp() {
	lo.in.kind, lo.in.class, lo.in.run = kindRun, Warp, reduceWarp
	lo.in.d, lo.in.a, lo.in.mask = lo.result(0), lo.value(1), lo.value(2)
	lo.in.update = atomics[lo.parts[min(2, len(lo.parts)-1)]+"."+lo.last()]
	if lo.in.update == nil {
		lo.fail("not modelled")
	}
}
