package cpu

//go:noescape
func slideAVX512(y, init, x, w []float32, s *slide)

//go:noescape
func slideGradAVX512(dw, dy, x []float32, s *slide)
