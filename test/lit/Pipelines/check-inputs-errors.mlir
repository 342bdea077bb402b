// RUN: weft-opt %s --split-input-file --verify-diagnostics --weft-check-inputs=machine=tsp-mini

// One boolean more than the 64 KiB there are (see check-inputs.mlir).
// expected-error @+1 {{does not fit: chip 0 needs 64.0 KiB of SRAM for the inputs alone, has 64.0 KiB}}
module {
  func.func @main(%x: tensor<16384xi64>, %y: tensor<i1>) -> tensor<16384xi64> {
    return %x : tensor<16384xi64>
  }
}

// -----

// Nothing in it, and yet no layout has so many rows.
// expected-error @+1 {{does not fit}}
module {
  func.func @main(%x: tensor<9223372036854775807x4x0xf32>) -> tensor<9223372036854775807x4x0xf32> {
    return %x : tensor<9223372036854775807x4x0xf32>
  }
}
