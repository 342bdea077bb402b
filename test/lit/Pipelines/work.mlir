// The model's products: batch, m, n, k, int8, constant operand, and the nodes
// that each comes from; fused ones all.

// RUN: weft-opt %s --weft-partition=machine=tsp-mini | FileCheck %s
// CHECK: weft.work = {matrices = array<i64: 1, 4, 8, 16, 0, 1, 3, 2, 6, 5, 0, 0>, nodes = {{\[}}["/Gemm"], ["/Transpose", "/MatMul"]], vector_operations = 0 : i64}

func.func @main(%x: tensor<4x16xf32> {weft.name = "x"}, %a: tensor<3x2x5xf32> {weft.name = "a"},
                %b: tensor<3x5x6xf32> {weft.name = "b"}) -> (tensor<4x8xf32>, tensor<3x2x6xf32>) {
  %w = arith.constant dense<1.0> : tensor<16x8xf32>
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<4x8xf32>
  %i0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x16xf32>, tensor<16x8xf32>) outs(%i0 : tensor<4x8xf32>) -> tensor<4x8xf32> loc("/Gemm")
  %e1 = tensor.empty() : tensor<3x2x6xf32>
  %i1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<3x2x6xf32>) -> tensor<3x2x6xf32>
  %z = linalg.batch_matmul ins(%a, %b : tensor<3x2x5xf32>, tensor<3x5x6xf32>) outs(%i1 : tensor<3x2x6xf32>) -> tensor<3x2x6xf32> loc(fused["/Transpose", "/MatMul"])
  return %y, %z : tensor<4x8xf32>, tensor<3x2x6xf32>
}
