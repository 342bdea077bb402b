// RUN: weft-opt %s --split-input-file --verify-diagnostics --weft-to-tsp=machine=tsp-mini

// expected-error @+1 {{expected a function @main with one block}}
module {
}

// -----

// Placement has been forgotten.
func.func @main() {
  // expected-error @+1 {{is not a kernel}}
  %y = tensor.empty() : tensor<4x8xf32>
  return
}
