// RUN: weft-opt %s --split-input-file --verify-diagnostics --weft-adopt-linalg

// expected-error @below {{expected a function @main, or only one public function; found 2 public functions}}
module {
  // expected-note @below {{@one}}
  func.func @one(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
  // expected-note @below {{@two}}
  func.func @two(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{found 0 public functions}}
module {}

// -----

func.func private @inner(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @outer(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{calls are not supported}}
  // expected-note @below {{mlir-opt --inline takes them away}}
  %0 = call @inner(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @below {{two inputs have the name "x"}}
func.func @main(%a: tensor<4xf32> {weft.name = "x"},
                %b: tensor<4xf32> {weft.name = "x"}) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
