package nn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/nn"
)

// TestWeightsErrorIsOneLine: names come from the file.
func TestWeightsErrorIsOneLine(t *testing.T) {
	e := &nn.WeightsError{Missing: []string{"fc.weight"}, Unexpected: []string{"two\nlines", strings.Repeat("x", 1<<20), "a", "b"}}
	require.Regexp(t, `^nn: the weights are of another model: missing: fc.weight; unexpected: two\\nlines, x{200}, a and 1 more$`, e.Error())
}
