package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/internal/nearest"
)

func TestName(t *testing.T) {
	names := []string{"lenet", "mlp", "resnet20"}
	for s, want := range map[string]string{"lenet5": "lenet", "LeNet": "lenet", "resnet": "resnet20", "mpl": "", "": "", "transformer": ""} {
		require.Equal(t, want, nearest.Name(s, names), s)
	}
	require.Empty(t, nearest.Name("x", nil))
}

func TestHint(t *testing.T) {
	require.Equal(t, `did you mean "sgd"? (there are sgd, adam)`, nearest.Hint("sgdd", []string{"sgd", "adam"}))
	require.Equal(t, "want one of sgd, adam", nearest.Hint("lion", []string{"sgd", "adam"}))
}
