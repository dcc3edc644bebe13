package nn

import (
	"fmt"
	"slices"
	"strings"

	"example.org/chainrule/backward"
	"example.org/chainrule/tensor/safetensors"
)

// Save writes the parameters and running statistics to a safetensors file as
// float32, under PyTorch's names and in its layouts, whole or not at all.
// metadata may be nil. The error is the device's or the file system's.
func Save(path string, ps *backward.Params, metadata map[string]string) error {
	var arrays []safetensors.Array
	for p := range ps.All() {
		w, err := p.Stored()
		if err != nil {
			return fmt.Errorf("nn: saving %s: %w", p.Name(), err)
		}
		arrays = append(arrays, safetensors.From(p.Name(), w, p.StoredShape()...))
	}
	return safetensors.WriteFile(path, metadata, arrays...)
}

// A WeightsError lists how a file of weights differs from a model.
type WeightsError struct {
	Missing    []string // parameters that the file lacks
	Unexpected []string // names that the model lacks
	Shapes     []string // "name: [stored] in the file, [wanted] in the model"
}

// Error is one line with the first three names of each list.
func (e *WeightsError) Error() string {
	var parts []string
	for _, l := range []struct {
		what  string
		names []string
	}{{"missing", e.Missing}, {"unexpected", e.Unexpected}, {"of another shape", e.Shapes}} {
		if len(l.names) > 0 {
			parts = append(parts, l.what+": "+listed(l.names))
		}
	}
	return "nn: the weights are of another model: " + strings.Join(parts, "; ")
}

// listed is the first three of the names, on one line and cut where they are
// long: a file may call its arrays anything.
func listed(names []string) string {
	const most = 3
	var first []string
	for _, name := range names[:min(len(names), most)] {
		quoted := fmt.Sprintf("%.200q", name)
		first = append(first, quoted[1:len(quoted)-1])
	}
	text := strings.Join(first, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Load copies the weights of a file into ps, all of them or none. PyTorch's
// counters num_batches_tracked are passed over; any dtype is converted. The error
// is a *WeightsError where names or shapes differ, or that of the file, of a
// number beyond float32, or of parameters that are not open.
func Load(f *safetensors.File, ps *backward.Params) error {
	if err := Compare(f, ps); err != nil {
		return err
	}
	values := map[*backward.Param][]float32{}
	for p := range ps.All() {
		a, err := f.Array(p.Name())
		if err != nil {
			return err
		}
		if values[p], err = a.Float32s(); err != nil {
			return fmt.Errorf("nn: loading %s: %w", p.Name(), err)
		}
	}
	return ps.SetStored(values)
}

// Compare returns a *WeightsError where the names or shapes of a file differ from
// those of ps, which need no memory yet.
func Compare(f *safetensors.File, ps *backward.Params) error {
	var e WeightsError
	for p := range ps.All() {
		a, ok := f.Info(p.Name())
		switch {
		case !ok:
			e.Missing = append(e.Missing, p.Name())
		case !slices.Equal(a.Shape, p.StoredShape()):
			e.Shapes = append(e.Shapes, fmt.Sprintf("%s: %v in the file, %v in the model", p.Name(), a.Shape, p.StoredShape()))
		}
	}
	for _, name := range f.Names() {
		if ps.Lookup(name) == nil && !strings.HasSuffix(name, "num_batches_tracked") {
			e.Unexpected = append(e.Unexpected, name)
		}
	}
	if len(e.Missing)+len(e.Unexpected)+len(e.Shapes) > 0 {
		return &e
	}
	return nil
}
