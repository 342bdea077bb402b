// RUN: weft-opt %s --split-input-file --verify-diagnostics --weft-partition=machine=tsp-mini

// expected-error @+1 {{expected a function @main with one block}}
module {
}

// -----

// expected-error @+1 {{input 1 is no tensor of static shape}}
func.func @main(%x: tensor<4xf32>, %y: tensor<?xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{input 0 is no tensor of static shape}}
func.func @main(%x: f32) -> f32 {
  return %x : f32
}

// -----

// 65536 bytes of SRAM, 4 for an integer: constants that are returned count.
func.func @main(%x: tensor<4xf32>) -> tensor<16385xi32> {
  %c = arith.constant dense<7> : tensor<16385xi32>
  // expected-note @+4 {{largest: 'result 0' 64.0 KiB (tensor<16385xi32>)}}
  // expected-note @+3 {{less is needed with smaller dimensions}}
  // expected-note @+2 {{2 chips would do}}
  // expected-error @+1 {{does not fit: chip 0 needs 64.0 KiB of SRAM for one result alone, has 64.0 KiB}}
  return %c : tensor<16385xi32>
}
