// REQUIRES: onnx-python

// linalg that no part of Weft has written: named operations, softmax and
// arithmetic on whole tensors in a function of any name. It compiles and agrees
// with NumPy. Tensors without a name are called by their position.

// RUN: rm -rf %t && mkdir -p %t
// RUN: %python %S/Inputs/linalg_module.py %t
// RUN: weft-compile %s --compile-from=linalg -o %t/p.weft
// RUN: weft-run %t/p.weft --inputs=%t/x.npz --check=%t/y.npz --max-error=0.001 | FileCheck %s
// CHECK: output_0 {{.*}} max error 0  pass
// CHECK: sums {{.*}} max error 0  pass
// CHECK: output_2 {{.*}} max error 0  pass
// CHECK: output_3 {{.*}}  pass
// CHECK: (equal)

// weft-compile finds the stage by itself; the text of later stages goes on.
// RUN: weft-compile %s -o %t/found.weft && cmp %t/p.weft %t/found.weft
// RUN: weft-compile %s --compile-to=partition -o %t/partition.mlir
// RUN: weft-compile %t/partition.mlir --compile-from=partition -o %t/on.weft
// RUN: cmp %t/p.weft %t/on.weft
// RUN: weft-opt %s --weft-chip-pipeline -o /dev/null

func.func @forward(%x: tensor<2x8x64xf32>,
                   %w: tensor<2x64x32xf32> {weft.name = "weights"},
                   %rows: tensor<4xi64>)
    -> (tensor<2x8x32xf32>, tensor<2x8xf32> {weft.name = "sums"},
        tensor<4x16xf32>, tensor<8x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant dense<0.5> : tensor<2x8x32xf32>
  %zeros = arith.constant dense<0.0> : tensor<2x8x32xf32>
  %0 = tensor.empty() : tensor<2x8x32xf32>
  %1 = linalg.fill ins(%zero : f32) outs(%0 : tensor<2x8x32xf32>) -> tensor<2x8x32xf32>
  %2 = linalg.batch_matmul ins(%x, %w : tensor<2x8x64xf32>, tensor<2x64x32xf32>)
                           outs(%1 : tensor<2x8x32xf32>) -> tensor<2x8x32xf32>
  %3 = arith.addf %2, %half : tensor<2x8x32xf32>
  %4 = arith.maximumf %3, %zeros : tensor<2x8x32xf32>

  %5 = tensor.empty() : tensor<2x8xf32>
  %6 = linalg.fill ins(%zero : f32) outs(%5 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %sums = linalg.reduce { arith.addf } ins(%4 : tensor<2x8x32xf32>)
                                       outs(%6 : tensor<2x8xf32>) dimensions = [2]

  %table = arith.constant dense<[
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5],
    [-2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0]
  ]> : tensor<3x16xf32>
  %7 = tensor.empty() : tensor<4x16xf32>
  %looked = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%rows : tensor<4xi64>) outs(%7 : tensor<4x16xf32>) {
  ^bb0(%row: i64, %out: f32):
    %i = arith.index_cast %row : i64 to index
    %j = linalg.index 1 : index
    %value = tensor.extract %table[%i, %j] : tensor<3x16xf32>
    linalg.yield %value : f32
  } -> tensor<4x16xf32>

  %first = tensor.extract_slice %x[0, 0, 0] [1, 8, 64] [1, 1, 1]
      : tensor<2x8x64xf32> to tensor<8x64xf32>
  %8 = tensor.empty() : tensor<8x64xf32>
  %soft = linalg.softmax dimension(1) ins(%first : tensor<8x64xf32>)
                                      outs(%8 : tensor<8x64xf32>) -> tensor<8x64xf32>
  return %4, %sums, %looked, %soft
      : tensor<2x8x32xf32>, tensor<2x8xf32>, tensor<4x16xf32>, tensor<8x64xf32>
}
