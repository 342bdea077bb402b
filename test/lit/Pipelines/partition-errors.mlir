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
