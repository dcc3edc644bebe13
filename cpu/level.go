package cpu

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// A Level is an instruction set that inner loops are written in. The zero Level
// stands for the best one of this machine.
type Level int

// The levels: those of amd64, slowest first, and that of arm64, beside plain Go.
const (
	LevelGo     Level = iota + 1 // plain Go, on every machine
	LevelAVX2                    // 256-bit vectors: AVX2 and FMA
	LevelAVX512                  // 512-bit vectors: AVX-512F
	// LevelAVX512BF16 adds AVX512_BF16: products of BFloat16 data multiply pairs of
	// elements, twice as many at once as of Float32. They take denormal elements
	// and sums as zero.
	LevelAVX512BF16
	// LevelAMX adds AMX-TILE and AMX-BF16: such products, and convolutions, are of
	// tiles, 16 rows of 16 pairs at once. Run on simulated tiles only, never timed.
	LevelAMX
	LevelNEON // 128-bit vectors of arm64
)

// LevelVariable is the environment variable that caps the default level: go,
// avx2, avx512, avx512bf16, amx or neon. A machine that lacks the one named takes the
// best below it; one of another architecture is an error.
const LevelVariable = "CHAINRULE_CPU"

var levelNames = [...]string{LevelGo: "go", LevelAVX2: "avx2", LevelAVX512: "avx512", LevelAVX512BF16: "avx512bf16", LevelAMX: "amx", LevelNEON: "neon"}

func (l Level) String() string {
	if l < LevelGo || int(l) >= len(levelNames) {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// Levels lists what this machine can run, slowest first; LevelGo is always there.
func Levels() []Level {
	var ls []Level
	for _, k := range machineKernels() {
		ls = append(ls, k.level)
	}
	return ls
}

// kernels are the inner loops of one level.
type kernels struct {
	level Level
	productKernels
	pairs *pairKernels // for products of BFloat16; nil where these are widened
	conversions
	poolKernels
	unary []unaryKernel // by device.UnaryFunc
	folds foldKernels
	arithmetic
	updates updateKernels
	softmaxKernels
	randomKernels
	columnKernels
	transforms
	slideKernels
	reducer batchReducer  // of convolutions
	slim    *batchReducer // for few rows; nil where reducer serves them as well
}

// productKernels are the inner loops of products.
type productKernels struct {
	mr, nr int         // rows and columns of a micro-tile
	wide   microKernel // on mr by nr
	narrow microKernel // on mr by nr/2; nil for none
	row    rowKernel   // as wide; nil where wide is called for each
	alongK bool        // all read a along k: ks is 1
	// transpose sets dst[c*ldd+r] = src[r*lds+c] for r < 8 and c < cols, a
	// multiple of 8.
	transpose func(dst []float32, ldd int, src []float32, lds, cols int)
	// copyRows sets dst[r*ldd+c] = src[r*lds+c] for r < rows and c < cols, a
	// multiple of 8.
	copyRows func(dst []float32, ldd int, src []float32, lds, cols, rows int)
}

// A microKernel makes a product in a micro-tile that it keeps in registers, and adds
// it to init, which may be c itself:
//
//	c[i*ldc+j] = init[i*ldi+j] + Σ_p a[i*rs+p*ks] b[p*ldb+j]    p < k
type microKernel func(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)

// A rowKernel is a microKernel on n micro-tiles side by side, whose columns in b are
// strip elements apart.
type rowKernel func(n int, c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, strip, ldb, k int)

// kernelsFor returns the inner loops of a level. The error says that this
// machine lacks it, or that the environment names an unknown one.
func kernelsFor(l Level) (*kernels, error) {
	if l == 0 {
		return defaultKernels(os.Getenv(LevelVariable))
	}
	for _, k := range machineKernels() {
		if k.level == l {
			return k, nil
		}
	}
	return nil, lacks(l)
}

func lacks(l Level) error {
	return fmt.Errorf("cpu: this machine cannot run level %v: it has %v", l, Levels())
}

// defaultKernels returns the best level up to the one named; an empty name names
// the preferred one.
func defaultKernels(name string) (*kernels, error) {
	limit := preferredLevel()
	if name != "" {
		limit = Level(slices.Index(levelNames[:], strings.ToLower(name)))
		if limit < LevelGo {
			return nil, fmt.Errorf("cpu: %s=%q: want one of %v", LevelVariable, name, levelNames[LevelGo:])
		}
		if !slices.Contains(architectureLevels(), limit) {
			return nil, lacks(limit)
		}
	}
	best := &goKernels
	for _, k := range machineKernels() {
		if k.level <= limit {
			best = k
		}
	}
	return best, nil
}
