// Command arrows fails where a package imports another one of this module that
// it must not know, or where cgo or a heavy dependency reaches the default build.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const module = "example.org/chainrule"

// allowed is what the packages under a path may import of this module, besides
// packages under the same path.
var allowed = map[string][]string{
	"":                              {"device", "cpu", "device/cuda", "device/cuda/driver", "device/cuda/driver/cu", "device/cuda/driver/dl", "internal"},
	"device":                        {},
	"device/devicetest":             {"device"},
	"device/cuda":                   {"device", "kernels", "device/cuda/driver"},
	"device/cuda/driver":            {},
	"device/cuda/driver/drivertest": {"device/cuda/driver"},
	"device/cuda/driver/sim":        {"device/cuda/driver"},
	"device/cuda/driver/dl":         {"device/cuda/driver"},
	"device/cuda/driver/cu":         {"device/cuda/driver"},
	"device/cuda/driver/pretend":    {"device/cuda/driver"},
	"kernels":                       {},
	"cpu":                           {"device"},
	"internal":                      {},
	"tensor":                        {"device", "internal"},
	"backward":                      {"tensor", "device"},
	"nn":                            {"internal", "backward", "tensor", "device"},
	"optim":                         {"backward", "tensor", "device"},
	"data":                          {"internal"},
	"train":                         {"internal", "nn", "optim", "data", "backward", "tensor", "device"},
	"cmd":                           {"", "internal", "train", "nn", "optim", "data", "backward", "tensor", "device"},
	"examples":                      {"", "train", "nn", "optim", "data", "backward", "tensor", "device"},
	"bench":                         {"", "internal", "cpu", "train", "nn", "optim", "data", "backward", "tensor", "device"},
	"bench/kernels":                 {"internal", "device", "device/cuda", "device/cuda/driver/sim"},
}

// only is which packages may import a dependency that others must not compile.
var only = map[string]string{
	"gorgonia.org/tensor":          "tensor/dense",
	"gorgonia.org/cu":              "device/cuda/driver/cu",
	"github.com/ebitengine/purego": "device/cuda/driver/dl",
}

type pkg struct {
	ImportPath string
	Imports    []string
	CgoFiles   []string
}

func main() {
	pkgs, err := list()
	if err != nil {
		fmt.Fprintln(os.Stderr, "arrows:", err)
		os.Exit(1)
	}
	bad := 0
	for _, p := range pkgs {
		for _, problem := range check(p) {
			fmt.Fprintf(os.Stderr, "arrows: %s %s\n", p.ImportPath, problem)
			bad++
		}
	}
	if bad > 0 {
		os.Exit(1)
	}
	fmt.Printf("arrows: %d packages, every import allowed\n", len(pkgs))
}

func list() (pkgs []pkg, err error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,CgoFiles", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, cmd.Wait()
		} else if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
}

func check(p pkg) (problems []string) {
	from := ours(p.ImportPath)
	home := homeOf(from)
	if _, ok := allowed[home]; !ok {
		return []string{"has no place among the arrows: add it to .ci/arrows"}
	}
	if len(p.CgoFiles) > 0 {
		problems = append(problems, "uses cgo in the default build")
	}
	for _, imp := range p.Imports {
		if owner := only[imp]; owner != "" && owner != from {
			problems = append(problems, "imports "+imp+", which is for "+owner+" alone")
		}
		if !strings.HasPrefix(imp, module) {
			continue
		}
		if to := homeOf(ours(imp)); to != home && !slices.Contains(allowed[home], to) {
			problems = append(problems, "must not import "+imp)
		}
	}
	return problems
}

func ours(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// homeOf is the longest path of the table that holds the package.
func homeOf(path string) string {
	for home := path; home != ""; home = parent(home) {
		if _, ok := allowed[home]; ok {
			return home
		}
	}
	if path == "" {
		return ""
	}
	return "?" + path
}

func parent(path string) string {
	i := strings.LastIndex(path, "/")
	if i < 0 {
		return ""
	}
	return path[:i]
}
