// RUN: weft-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{'tensor<4x8xf32>' takes 128 bytes, but the external weight has 127}}
"weft_onnx.node"() <{op_type = "A", opset = 1 : i64, attrs = {w = #weft.external<"f", 0, 127> : tensor<4x8xf32>}}> : () -> ()

// -----

// expected-error@+1 {{an external weight needs an offset and a length that are not negative}}
"weft_onnx.node"() <{op_type = "A", opset = 1 : i64, attrs = {w = #weft.external<"f", -4, 128> : tensor<4x8xf32>}}> : () -> ()

// -----

// expected-error@+1 {{an external weight needs a static shape of numbers, found 'tensor<?x8xf32>'}}
"weft_onnx.node"() <{op_type = "A", opset = 1 : i64, attrs = {w = #weft.external<"f", 0, 128> : tensor<?x8xf32>}}> : () -> ()

// -----

// expected-error@+1 {{an external weight needs a file name}}
"weft_onnx.node"() <{op_type = "A", opset = 1 : i64, attrs = {w = #weft.external<"", 0, 128> : tensor<4x8xf32>}}> : () -> ()

// -----

// expected-error@+1 {{spells the default domain "ai.onnx" where "" is its only spelling}}
weft_onnx.node "Relu" domain "ai.onnx"() opset 1 : () -> ()

// -----

// expected-error@+1 {{needs an operator's name}}
weft_onnx.node ""() opset 1 : () -> ()

// -----

// expected-error@+1 {{names 2 subgraphs but has 1 regions}}
weft_onnx.node "If"() opset 1 subgraphs ["then_branch", "else_branch"] {
  weft_onnx.yield
} : () -> ()
