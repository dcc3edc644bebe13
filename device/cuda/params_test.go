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

// A watchedDriver compares the parameters of every launch with what the kernel's
// PTX declares and loads, and keeps which kernels ran.
type watchedDriver struct {
	driver.Driver
	launched map[string]bool
	packed   layout // what the launcher has packed since the last launch
}

func watched(d driver.Driver) *watchedDriver {
	return &watchedDriver{Driver: d, launched: map[string]bool{}}
}

// watch listens to what d packs.
func (w *watchedDriver) watch(d *Device) {
	d.launcher.params.packed = func(at int, kind string) {
		if at == 0 {
			w.packed = layout{}
		}
		w.packed[at] = kind
	}
}

func (w *watchedDriver) Open(i int) (driver.Context, error) {
	ctx, err := w.Driver.Open(i)
	return &watchedContext{ctx, w, map[string]signature{}, map[driver.Function]string{}}, err
}

type watchedContext struct {
	driver.Context
	driver *watchedDriver
	wanted map[string]signature // by kernel
	names  map[driver.Function]string
}

func (w *watchedContext) Load(ptx []byte) (driver.Module, error) {
	maps.Copy(w.wanted, entries(string(ptx)))
	return w.Context.Load(ptx)
}

func (w *watchedContext) Kernel(m driver.Module, name string) (driver.Function, error) {
	f, err := w.Context.Kernel(m, name)
	w.names[f] = name
	return f, err
}

func (w *watchedContext) Launch(f driver.Function, c driver.Config, params []byte) error {
	name := w.names[f]
	if err := w.wanted[name].accepts(w.driver.packed, len(params)); err != nil {
		return fmt.Errorf("%s %w", name, err)
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

// A layout is the PTX type of the value at each offset of a parameter block.
type layout map[int]string

// A signature is what a kernel's PTX says of its parameters.
type signature struct {
	size    int
	scalars layout // parameters that are no structs, as they are declared
	structs []span // parameters that are
	loads   layout // what is loaded, members of structs too
}

// A span is a part of a block.
type span struct{ from, to int }

// accepts compares what was packed: a value of the type for every scalar and every
// load, structs whole, nothing else.
func (s signature) accepts(packed layout, size int) error {
	if size != s.size {
		return fmt.Errorf("declares %d bytes of parameters, the launcher passes %d", s.size, size)
	}
	for _, want := range []layout{s.scalars, s.loads} {
		for at, kind := range want {
			if packed[at] != kind {
				return fmt.Errorf("takes a %s at byte %d of its parameters, the launcher passes %q", kind, at, packed[at])
			}
		}
	}
	for at := range packed {
		member := slices.ContainsFunc(s.structs, func(in span) bool { return in.from <= at && at < in.to })
		if s.scalars[at] == "" && !member {
			return fmt.Errorf("takes no parameter at byte %d, the launcher passes a %s", at, packed[at])
		}
	}
	return nil
}

var (
	entry     = regexp.MustCompile(`(?s)\.entry (\w+)\((.*?)\)\n(.*?)\n}`)
	parameter = regexp.MustCompile(`\.param (?:\.align (\d+) )?\.([a-z]\d+) (?:\.ptr[^,]*? )?\w+_param_\d+(?:\[(\d+)\])?`)
	loaded    = regexp.MustCompile(`ld\.param\.([a-z]\d+)\s+[^\[]*\[\w+_param_(\d+)(?:\+(\d+))?\]`)
)

// entries gives the kernels of a module with their signatures; each parameter is at
// a multiple of its own alignment.
func entries(ptx string) map[string]signature {
	found := map[string]signature{}
	for _, e := range entry.FindAllStringSubmatch(ptx, -1) {
		s := signature{scalars: layout{}, loads: layout{}}
		var starts []int
		for _, p := range parameter.FindAllStringSubmatch(e[2], -1) {
			starts = append(starts, s.declare(p[2], number(p[1]), number(p[3])))
		}
		for _, l := range loaded.FindAllStringSubmatch(e[3], -1) {
			s.loads[starts[number(l[2])]+number(l[3])] = unsigned(l[1])
		}
		found[e[1]] = s
	}
	return found
}

// declare adds a parameter of a type, or a struct of so many bytes, and returns where
// it begins.
func (s *signature) declare(kind string, align, bytes int) int {
	size := number(kind[1:]) / 8
	if bytes == 0 {
		align = size
	} else {
		size = bytes
	}
	at := ceilDiv(s.size, align) * align
	s.size = at + size
	if bytes == 0 {
		s.scalars[at] = unsigned(kind)
	} else {
		s.structs = append(s.structs, span{at, s.size})
	}
	return at
}

// number is what a match says, 0 where it is empty.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// unsigned is a PTX type; of signed ones and untyped bits the unsigned of that size.
func unsigned(kind string) string {
	if kind[0] == 's' || kind[0] == 'b' {
		return "u" + kind[1:]
	}
	return kind
}

// TestParameterBlocks compares signatures with those written down by hand.
func TestParameterBlocks(t *testing.T) {
	found := map[string]signature{}
	for _, stem := range []string{"lerp", "dropout", "binary", "adam"} {
		ptx, err := kernels.PTX(stem)
		require.NoError(t, err)
		require.Equal(t, strings.Count(string(ptx), ".entry "), len(entries(string(ptx))), stem)
		maps.Copy(found, entries(string(ptx)))
	}
	require.Equal(t, 8+8+4+4+4, found["lerp_step_f32"].size)
	require.Equal(t, 8+4+(4)+8+8+4+4+4+4, found["dropout_keep_bf16"].size)
	require.Equal(t, 8+4+(4)+8+8+4+4+4*19+4, found["binary_value_f32"].size)

	adam := found["adam_step_f32"]
	pointers := layout{0: "u64", 8: "u64", 16: "u64", 24: "u64", 32: "u64", 40: "u64", 48: "u64"}
	members := layout{56: "f32", 60: "f32", 64: "f32", 68: "f32", 72: "f32"}
	ints := layout{76: "u32", 80: "u32"}
	require.Equal(t, []span{{56, 76}}, adam.structs)
	require.Equal(t, 84, adam.size)
	require.Equal(t, join(pointers, ints), adam.scalars)
	require.Equal(t, join(pointers, members, ints), adam.loads)
}

func join(parts ...layout) layout {
	whole := layout{}
	for _, p := range parts {
		maps.Copy(whole, p)
	}
	return whole
}

// TestWrongParametersAreRefused packs what a kernel does not take.
func TestWrongParametersAreRefused(t *testing.T) {
	ptx, err := kernels.PTX("lerp") // two pointers, two floats, an int
	require.NoError(t, err)
	lerp := entries(string(ptx))["lerp_step_f32"]
	right := layout{}
	maps.Copy(right, lerp.scalars)
	require.NoError(t, lerp.accepts(right, lerp.size))
	require.ErrorContains(t, lerp.accepts(right, lerp.size+4), "declares 28 bytes of parameters, the launcher passes 32")
	for at, kind := range right {
		wrong := join(right, layout{at: map[string]string{"u64": "u32", "u32": "f32", "f32": "u32"}[kind]})
		require.ErrorContains(t, lerp.accepts(wrong, lerp.size), fmt.Sprintf("takes a %s at byte %d", kind, at))
		require.ErrorContains(t, lerp.accepts(join(right, layout{at + 2: "u32"}), lerp.size), "takes no parameter at byte")
	}
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
