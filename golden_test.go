package chainrule_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"example.org/chainrule/tensor/safetensors"

	"github.com/stretchr/testify/require"
)

// notBuilt are the golden cases, by family and kind, that the engine cannot
// compute yet. They are skipped by name; any other case must be computed.
var notBuilt = []string{
	"clip/clip_grad_norm of another type",
	"loss/ciou_loss",
	"loss/ctc_loss",
	"metric/accuracy top-k",
	"metric/bleu4",
	"metric/classification_report",
	"metric/coco_map",
	"metric/nms",
	"metric/roc_auc",
	"movement/embedding",
	"movement/flip",
	"movement/gather",
	"movement/index_add",
	"movement/pad circular",
	"movement/pad reflect",
	"movement/pad replicate",
	"movement/scatter_add",
	"movement/upsample",
	"optimizer/adadelta",
	"optimizer/adagrad",
	"optimizer/adamax",
	"optimizer/amsgrad",
	"optimizer/lamb",
	"optimizer/lion",
	"optimizer/muon",
	"optimizer/nadam",
	"optimizer/radam",
	"optimizer/rmsprop",
	"optimizer/rprop",
	"reduce/cumsum",
	"schedule/cosine_warm_restarts_lr",
	"schedule/cyclic_lr",
	"schedule/one_cycle_lr",
	"schedule/reduce_on_plateau_lr",
	"sequence/gru",
	"sequence/lstm",
	"trajectory/train_lstm_lm",
	"trajectory/train_transformer",
}

// TestGolden holds the engine to PyTorch's results, which testdata/golden has
// for every operation; see its README. CHAINRULE_GOLDEN names another folder of
// the same form.
func TestGolden(t *testing.T) {
	folder := cmp.Or(os.Getenv("CHAINRULE_GOLDEN"), filepath.Join("testdata", "golden"))
	var index struct {
		Format   int
		Families []goldenFamily
	}
	readJSON(t, filepath.Join(folder, "index.json"), &index)
	require.Equal(t, 1, index.Format)
	require.NotEmpty(t, index.Families)
	for _, f := range index.Families {
		t.Run(f.Family, func(t *testing.T) { f.run(t, folder) })
	}
}

func TestGoldenNotBuiltIsNotBuilt(t *testing.T) {
	for kind := range goldenChecks() {
		require.NotContains(t, notBuilt, kind, "it is checked: take it off the list")
	}
}

// A goldenFamily is a group of cases, as index.json describes it.
type goldenFamily struct {
	Family, Index, Tensors string
	Cases                  int
	Ops                    map[string]int
}

func (f goldenFamily) run(t *testing.T, folder string) {
	var list struct {
		Format int
		Cases  []*golden
	}
	readJSON(t, filepath.Join(folder, f.Index), &list)
	require.Equal(t, 1, list.Format)
	require.Equal(t, f.Cases, len(list.Cases), "the number of cases")
	var file *safetensors.File
	if f.Tensors != "" {
		var err error
		file, err = safetensors.Open(filepath.Join(folder, f.Tensors))
		require.NoError(t, err)
		defer file.Close()
	}
	ops, checks := map[string]int{}, goldenChecks()
	for _, c := range list.Cases {
		ops[c.Op]++
		t.Run(c.Name, func(t *testing.T) {
			c.T, c.file = t, file
			c.check(f.Family+"/"+c.kind(), checks)
		})
	}
	require.Equal(t, f.Ops, ops, "the cases of each op")
}

func readJSON(t *testing.T, path string, v any) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, v), path)
}

// A golden is one case: its tensors are names in the family's file, by role.
type golden struct {
	*testing.T `json:"-"`
	file       *safetensors.File

	Name, Op string
	Attrs    map[string]json.RawMessage
	Layout   map[string]string  // of roles that are not stored as they are used
	F32Err   map[string]float64 // PyTorch's own error in float32

	Inputs, Params      map[string]string
	Ints, Bools, Consts map[string]string
	Dy, Outputs, Grads  map[string]string

	GivenGrads        map[string]string `json:"given_grads"`
	Trajectory, Final map[string]string
	Buffers           map[string]string
	LR                []float64
	Expect            map[string]any
}

// check runs the check of a kind; a kind without one must be on the list.
func (c *golden) check(kind string, checks map[string]func(*golden)) {
	if slices.Contains(notBuilt, kind) {
		c.Skip("not built yet: " + kind)
	}
	check := checks[kind]
	require.NotNil(c, check, "nothing checks %s and notBuilt does not list it", kind)
	check(c)
}

// kind is the op, and its mode where the engine has some modes alone.
func (c *golden) kind() string {
	switch c.Op {
	case "pad":
		return "pad " + attr[string](c, "mode")
	case "accuracy":
		if attr[int](c, "k") > 1 {
			return "accuracy top-k"
		}
	case "clip_grad_norm":
		if attr[any](c, "norm_type") != 2.0 {
			return "clip_grad_norm of another type"
		}
	}
	return c.Op
}

// attr is an attribute of a case, which must have it.
func attr[T any](c interface {
	require.TestingT
	attribute(name string) json.RawMessage
}, name string) (v T) {
	require.NoError(c, json.Unmarshal(c.attribute(name), &v), "attribute %q", name)
	return v
}

func (c *golden) attribute(name string) json.RawMessage { return c.Attrs[name] }

// An array is a golden tensor, or one of ours to compare with it.
type array struct {
	shape  []int
	values []float64
}

// read is the tensor of a role.
func (c *golden) read(roles map[string]string, role string) array {
	require.Contains(c, roles, role, "the case has no such role")
	a, err := c.file.Array(roles[role])
	require.NoError(c, err, roles[role])
	values, err := a.Float64s()
	require.NoError(c, err, roles[role])
	return array{a.Shape, values}
}

// slice is element i along the leading axis.
func (a array) slice(i int) array {
	n := len(a.values) / a.shape[0]
	return array{a.shape[1:], a.values[i*n : (i+1)*n]}
}
