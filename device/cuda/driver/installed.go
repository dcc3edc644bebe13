package driver

import (
	"os"
	"path/filepath"
	"runtime"
)

// Installed is a file that shows that this machine has an NVIDIA driver, or "".
// It loads nothing, so that a build without CUDA can tell what it misses.
func Installed() string {
	for _, place := range places(runtime.GOOS, os.Getenv) {
		if info, err := os.Stat(place); err == nil && info.Mode().IsRegular() {
			return place
		}
	}
	return ""
}

// places are where a system keeps its NVIDIA driver.
func places(system string, env func(string) string) (files []string) {
	if system == "windows" {
		return []string{filepath.Join(env("SystemRoot"), "System32", "nvcuda.dll")}
	}
	if system != "linux" {
		return nil
	}
	folders := append(filepath.SplitList(env("LD_LIBRARY_PATH")),
		"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", // Debian, ARM, Fedora, Arch
		"/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib") // Windows' Linux, containers, NixOS
	for _, folder := range folders {
		files = append(files, filepath.Join(folder, "libcuda.so.1"))
	}
	return append(files, "/proc/driver/nvidia/version") // the kernel's part alone
}
