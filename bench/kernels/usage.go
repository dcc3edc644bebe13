package main

import (
	"bufio"
	"fmt"
	"os"
)

// A usage is what ptxas gives a kernel on an architecture.
type usage struct {
	registers int // of a thread
	shared    int // bytes of a block
	spilled   int // bytes stored and loaded for want of registers
}

// A target is a kernel on an architecture, such as sm_80.
type target struct{ kernel, arch string }

// readUsage reads what kernels/build wrote.
func readUsage(path string) (map[target]usage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: run it in the repository's root, after make ptx", err)
	}
	defer f.Close()
	takes := map[target]usage{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var t target
		var u usage
		_, err := fmt.Sscanf(lines.Text(), "%s %s %d registers %d bytes shared %d bytes spilled", &t.kernel, &t.arch, &u.registers, &u.shared, &u.spilled)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d is not one of kernels/build: %q", path, len(takes)+1, lines.Text())
		}
		takes[t] = u
	}
	return takes, lines.Err()
}
