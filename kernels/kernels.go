// Package kernels holds the CUDA kernels of package device/cuda: their sources,
// one .cu file for each stem of the device contract, and the PTX that make ptx
// compiles them to, which is embedded. It runs on GPUs from compute capability
// 8.0 on.
package kernels

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed ptx/sm_80/*.ptx
var ptx embed.FS

// PTX is the assembly of a stem's kernels, such as those of "matmul". The error
// says that there is no such stem.
func PTX(stem string) ([]byte, error) {
	text, err := ptx.ReadFile("ptx/sm_80/" + stem + ".ptx")
	if err != nil {
		return nil, fmt.Errorf("kernels: no stem %q", stem)
	}
	return text, nil
}

// Stems lists the stems, sorted.
func Stems() []string {
	files, err := ptx.ReadDir("ptx/sm_80")
	if err != nil {
		panic("kernels: " + err.Error()) // the folder is embedded above
	}
	stems := make([]string, len(files))
	for i, f := range files {
		stems[i] = strings.TrimSuffix(f.Name(), ".ptx")
	}
	return stems
}
