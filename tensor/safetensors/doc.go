// Package safetensors reads and writes the format in which PyTorch's world
// keeps weights (https://github.com/huggingface/safetensors): eight bytes with
// the length of a header, the header in JSON, then the tensors' bytes.
//
// To read, [Open] a file and take [Array] values from it by name; only what is
// asked for is read. To write, give arrays made by [From] to [WriteFile]:
//
//	weight := safetensors.From("fc.weight", values, 10, 1024)
//	err := safetensors.WriteFile("fc.safetensors", nil, weight)
//
// A file is hostile until parsed: whatever it claims is held against the bytes
// that are there before memory is taken for it, and a file that breaks a rule
// of the format is refused with a [FormatError].
package safetensors
