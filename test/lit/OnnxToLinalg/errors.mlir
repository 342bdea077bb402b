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
  // expected-error @+2 {{expected the shape to be known at compile time, found a value that depends on the model's inputs}}
  // expected-note @+1 {{export the model with that value as a constant, or computed from shapes}}
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

// -----

// One flow: which branch is taken may not depend on inputs.
func.func @main(%c: tensor<i1>, %x: tensor<4xf32>) -> !weft_onnx.unknown {
  // expected-error @+2 {{expected the condition to be known at compile time}}
  // expected-note @+1 {{one flow}}
  %y = weft_onnx.node "If"(%c) opset 13 subgraphs ["then_branch", "else_branch"] {
    %t = weft_onnx.node "Abs"(%x) opset 13 : (tensor<4xf32>) -> tensor<4xf32>
    weft_onnx.yield %t : tensor<4xf32>
  }, {
    weft_onnx.yield %x : tensor<4xf32>
  } : (tensor<i1>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<4xf32>) -> !weft_onnx.unknown {
  %ratio = arith.constant dense<0.5> : tensor<f32>
  %training = arith.constant dense<true> : tensor<i1>
  // expected-error @+1 {{training_mode is true, and programs only infer: export the model for inference}}
  %y = weft_onnx.node "Dropout"(%x, %ratio, %training) opset 13 : (tensor<4xf32>, tensor<f32>, tensor<i1>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%x: tensor<4xf32>, %training: tensor<i1>) -> !weft_onnx.unknown {
  %ratio = arith.constant dense<0.5> : tensor<f32>
  // expected-error @+2 {{expected training_mode to be known at compile time}}
  // expected-note @+1 {{as a constant}}
  %y = weft_onnx.node "Dropout"(%x, %ratio, %training) opset 13 : (tensor<4xf32>, tensor<f32>, tensor<i1>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}

// -----

func.func @main(%limit: tensor<f32>) -> !weft_onnx.unknown {
  %start = arith.constant dense<0.0> : tensor<f32>
  %delta = arith.constant dense<0.5> : tensor<f32>
  // expected-error @+2 {{expected start, limit and delta to be known at compile time}}
  // expected-note @+1 {{one shape}}
  %y = weft_onnx.node "Range"(%start, %limit, %delta) opset 13 : (tensor<f32>, tensor<f32>, tensor<f32>) -> !weft_onnx.unknown
  return %y : !weft_onnx.unknown
}
