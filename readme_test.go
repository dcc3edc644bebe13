package chainrule_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme holds README.md's training loop against Example, which runs.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, block, "README.md shows a training loop")
	lines := strings.Split(strings.TrimSpace(string(block[1])), "\n")
	require.LessOrEqual(t, len(lines), 25)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	body := strings.ReplaceAll(string(example), "\n\t", "\n")
	require.Contains(t, body, strings.Join(lines, "\n"))
}
