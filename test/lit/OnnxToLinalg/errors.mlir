// RUN: weft-opt %s --weft-onnx-to-linalg --split-input-file --verify-diagnostics

// All unsupported operators are reported, not the first only.
func.func @main(%x: tensor<4xf32>) -> !weft_onnx.unknown {
  // expected-error @+1 {{node '' (NoSuchOperator, opset 13): unsupported operator}}
  %a = weft_onnx.node "NoSuchOperator"(%x) opset 13 : (tensor<4xf32>) -> !weft_onnx.unknown
  // expected-error @+1 {{node '' (com.example.Other, opset 1): unsupported operator}}
  %b = weft_onnx.node "Other" domain "com.example"(%a) opset 1 : (!weft_onnx.unknown) -> !weft_onnx.unknown
  return %b : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<3x4xf32>, %w: tensor<5x6xf32>) -> !weft_onnx.unknown {
  // expected-error @+1 {{node '' (MatMul, opset 13): expected shapes that multiply, found [3, 4] and [5, 6]}}
  %y = weft_onnx.node "MatMul"(%x, %w) opset 13 : (tensor<3x4xf32>, tensor<5x6xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<3x4xf32>, %y: tensor<3xf32>) -> !weft_onnx.unknown {
  // expected-error @+1 {{expected shapes that broadcast together, found [3, 4] and [3]}}
  %z = weft_onnx.node "Add"(%x, %y) opset 14 : (tensor<3x4xf32>, tensor<3xf32>) -> !weft_onnx.unknown
  return %z : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<3x4xf32>) -> !weft_onnx.unknown {
  %shape = arith.constant dense<[5, -1]> : tensor<2xi64>
  // expected-error @+1 {{expected a shape of 12 elements, found [5, -1]}}
  %y = weft_onnx.node "Reshape"(%x, %shape) opset 14 : (tensor<3x4xf32>, tensor<2xi64>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<3x4xf32>, %shape: tensor<2xi64>) -> !weft_onnx.unknown {
  // expected-error @+1 {{expected the shape to be known at compile time, found a value that depends on the model's inputs}}
  %y = weft_onnx.node "Reshape"(%x, %shape) opset 14 : (tensor<3x4xf32>, tensor<2xi64>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// expected-error @+1 {{input 'x': expected a tensor of static shape, found 'tensor<?xf32>'}}
func.func @main(%x: tensor<?xf32> {weft.name = "x"}) -> !weft_onnx.unknown {
  %y = weft_onnx.node "Relu"(%x) opset 14 : (tensor<?xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<4xf32>) -> !weft_onnx.unknown {
  // expected-error @+1 {{expected an axis of a tensor of rank 1, found 3}}
  %y = weft_onnx.node "ReduceSum"(%x) opset 11 attrs {axes = array<i64: 3>} : (tensor<4xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// A program's inputs and outputs have no bf16.
// expected-error @+1 {{input 'x': unsupported element type 'bf16'}}
func.func @main(%x: tensor<4xbf16> {weft.name = "x"}) -> !weft_onnx.unknown {
  %y = weft_onnx.node "Cast"(%x) opset 13 attrs {to = 1 : i64} : (tensor<4xbf16>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

// expected-error @+1 {{output 'y': unsupported element type 'bf16'}}
func.func @main(%x: tensor<4xf32>) -> (!weft_onnx.unknown {weft.name = "y"}) {
  %y = weft_onnx.node "Cast"(%x) opset 13 attrs {to = 16 : i64} : (tensor<4xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<4x4xf32>) -> !weft_onnx.unknown {
  // expected-error @+1 {{diagonals, as in 'ii->i', are not supported}}
  %y = weft_onnx.node "Einsum"(%x) opset 12 attrs {equation = "ii->i"} : (tensor<4x4xf32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<8193xf32>) -> !weft_onnx.unknown {
  %axis = arith.constant dense<0> : tensor<i64>
  // expected-error @+1 {{expected an axis of at most 8192 elements, found 8193}}
  %y = weft_onnx.node "CumSum"(%x, %axis) opset 14 : (tensor<8193xf32>, tensor<i64>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}
