package cuda

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/kernels"

	"github.com/stretchr/testify/require"
)

// A watchedDriver compares the parameter block of every launch with what the
// kernel's PTX declares, and keeps which kernels ran.
type watchedDriver struct {
	driver.Driver
	launched map[string]bool
}

func watched(d driver.Driver) *watchedDriver {
	return &watchedDriver{Driver: d, launched: map[string]bool{}}
}

func (w *watchedDriver) Open(i int) (driver.Context, error) {
	ctx, err := w.Driver.Open(i)
	return &watchedContext{ctx, w, map[string]int{}, map[driver.Function]string{}}, err
}

type watchedContext struct {
	driver.Context
	driver *watchedDriver
	sizes  map[string]int // of each kernel's parameter block
	names  map[driver.Function]string
}

func (w *watchedContext) Load(ptx []byte) (driver.Module, error) {
	maps.Copy(w.sizes, entries(string(ptx)))
	return w.Context.Load(ptx)
}

func (w *watchedContext) Kernel(m driver.Module, name string) (driver.Function, error) {
	f, err := w.Context.Kernel(m, name)
	w.names[f] = name
	return f, err
}

func (w *watchedContext) Launch(f driver.Function, c driver.Config, params []byte) error {
	name := w.names[f]
	if want := w.sizes[name]; len(params) != want {
		return fmt.Errorf("%s declares %d bytes of parameters, the launcher passes %d", name, want, len(params))
	}
	w.driver.launched[name] = true
	return w.Context.Launch(f, c, params)
}

// never lists the kernels that are not among those launched.
func never(launched map[string]bool) (names []string) {
	for _, stem := range kernels.Stems() {
		ptx, _ := kernels.PTX(stem)
		for name := range entries(string(ptx)) {
			if !launched[name] {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

var (
	entry     = regexp.MustCompile(`(?s)\.entry (\w+)\((.*?)\)\n`)
	parameter = regexp.MustCompile(`\.param (?:\.align (\d+) )?\.[a-z](\d+) (?:\.ptr[^,]*? )?\w+(?:\[(\d+)\])?`)
)

// entries gives the kernels of a module with the bytes of their parameters, each at
// a multiple of its own alignment.
func entries(ptx string) map[string]int {
	sizes := map[string]int{}
	for _, e := range entry.FindAllStringSubmatch(ptx, -1) {
		end := 0
		for _, p := range parameter.FindAllStringSubmatch(e[2], -1) {
			bits, _ := strconv.Atoi(p[2])
			size, align := bits/8, bits/8
			if p[3] != "" {
				size, _ = strconv.Atoi(p[3])
				align, _ = strconv.Atoi(p[1])
			}
			end = ceilDiv(end, align)*align + size
		}
		sizes[e[1]] = end
	}
	return sizes
}

// TestParameterBlocks compares the sizes with those counted by hand.
func TestParameterBlocks(t *testing.T) {
	sizes := map[string]int{}
	for _, stem := range []string{"lerp", "dropout", "binary"} {
		ptx, err := kernels.PTX(stem)
		require.NoError(t, err)
		require.Equal(t, strings.Count(string(ptx), ".entry "), len(entries(string(ptx))), stem)
		maps.Copy(sizes, entries(string(ptx)))
	}
	require.Equal(t, 8+8+4+4+4, sizes["lerp_step_f32"])
	require.Equal(t, 8+4+(4)+8+8+4+4+4+4, sizes["dropout_keep_bf16"])
	require.Equal(t, 8+4+(4)+8+8+4+4+4*19+4, sizes["binary_value_f32"])
}

// TestFunctionNumbers compares the tables of functions in the CUDA sources, whose
// numbers launchers pass, with the contract's.
func TestFunctionNumbers(t *testing.T) {
	var unary, binary []string
	for _, f := range device.UnaryFuncs() {
		unary = append(unary, strings.ToLower(f.String()))
	}
	for _, f := range device.BinaryFuncs() {
		binary = append(binary, strings.ToLower(f.String()))
	}
	require.Equal(t, unary, names(t, "activation.cuh", "#define UNARY_FUNCTIONS(F)", `F\((\w+),`, "\n\n"))
	require.Equal(t, binary, names(t, "binary.cu", "enum {", `(\w+)`, "}"))
}

// names are what a pattern finds in a CUDA source between two texts, in lower case
// and without underscores.
func names(t *testing.T, file, from, pattern, to string) (found []string) {
	source, err := os.ReadFile(filepath.Join("..", "..", "kernels", file))
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(source), from)
	table, _, _ = strings.Cut(table, to)
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(table, -1) {
		found = append(found, strings.ToLower(strings.ReplaceAll(m[1], "_", "")))
	}
	return found
}
