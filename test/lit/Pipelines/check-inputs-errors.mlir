// RUN: weft-opt %s --split-input-file --verify-diagnostics --weft-check-inputs=machine=tsp-mini

// One boolean more than the 64 KiB there are (see check-inputs.mlir).
// expected-error @+4 {{does not fit: chip 0 needs 64.0 KiB of SRAM for the inputs alone, has 64.0 KiB}}
// expected-note @+3 {{largest: 'ids' 64.0 KiB (tensor<16384xi64>), 'input_1' 1 bytes (tensor<i1>)}}
// expected-note @+2 {{less is needed with smaller dimensions, by --dim or --shapes-from}}
// expected-note @+1 {{2 chips would do: --machine=tsp-mini:2}}
module {
  func.func @main(%x: tensor<16384xi64> {weft.name = "ids"}, %y: tensor<i1>) -> tensor<16384xi64> {
    return %x : tensor<16384xi64>
  }
}

// -----

// Nothing in it, and yet no layout has so many rows.
// expected-error @+3 {{does not fit}}
// expected-note @+2 {{largest: 'input_0'}}
// expected-note @+1 {{less is needed}}
module {
  func.func @main(%x: tensor<9223372036854775807x4x0xf32>) -> tensor<9223372036854775807x4x0xf32> {
    return %x : tensor<9223372036854775807x4x0xf32>
  }
}
