// RUN: weft-opt %s --weft-check-inputs=machine=tsp-mini | FileCheck %s

// The small machine has 16 slices of 2 * 64 words of 32 bytes: 64 KiB. An
// integer takes 4 bytes: 16384 of them fit.
// CHECK: return
func.func @main(%x: tensor<16384xi64>) -> tensor<16384xi64> {
  return %x : tensor<16384xi64>
}
