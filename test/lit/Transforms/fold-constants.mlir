// RUN: weft-opt %s --weft-fold-constants --canonicalize | FileCheck %s

// [1, 2] * [[1, 2, 3], [4, 5, 6]] = [9, 12, 15]
// CHECK-LABEL: func.func @contraction
// CHECK-NEXT: %[[C:.*]] = arith.constant dense<[9.000000e+00, 1.200000e+01, 1.500000e+01]>
// CHECK-NEXT: return %[[C]]
func.func @contraction() -> tensor<3xf32> {
  %x = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<2xf32>, tensor<2x3xf32>) outs(%zero : tensor<3xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// 2^24 + 1 is no f32: the sum rounds to even, 16777216. 127 + 1 wraps in i8.
// CHECK-LABEL: func.func @rounding
// CHECK-DAG: arith.constant dense<0x4B800000> : tensor<1xf32>
// CHECK-DAG: arith.constant dense<-128> : tensor<1xi8>
func.func @rounding() -> (tensor<1xf32>, tensor<1xi8>) {
  %a = arith.constant dense<16777216.0> : tensor<1xf32>
  %b = arith.constant dense<127> : tensor<1xi8>
  %ea = tensor.empty() : tensor<1xf32>
  %eb = tensor.empty() : tensor<1xi8>
  %x = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%a : tensor<1xf32>) outs(%ea : tensor<1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %one = arith.constant 1.0 : f32
    %s = arith.addf %in, %one : f32
    linalg.yield %s : f32
  } -> tensor<1xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%b : tensor<1xi8>) outs(%eb : tensor<1xi8>) {
  ^bb0(%in: i8, %out: i8):
    %one = arith.constant 1 : i8
    %s = arith.addi %in, %one : i8
    linalg.yield %s : i8
  } -> tensor<1xi8>
  return %x, %y : tensor<1xf32>, tensor<1xi8>
}

// Moving elements: [1 2 3 4 5 6] as 2x3, the last two columns, padded, joined.
// CHECK-LABEL: func.func @movement
// CHECK-NEXT: %[[C:.*]] = arith.constant dense<{{\[}}[2, 3, 9, 1, 2, 3], [5, 6, 9, 4, 5, 6]]>
// CHECK-NEXT: return %[[C]]
func.func @movement() -> tensor<2x6xi32> {
  %x = arith.constant dense<[1, 2, 3, 4, 5, 6]> : tensor<6xi32>
  %nine = arith.constant 9 : i32
  %m = tensor.expand_shape %x [[0, 1]] output_shape [2, 3] : tensor<6xi32> into tensor<2x3xi32>
  %s = tensor.extract_slice %m[0, 1] [2, 2] [1, 1] : tensor<2x3xi32> to tensor<2x2xi32>
  %p = tensor.pad %s low[0, 0] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %nine : i32
  } : tensor<2x2xi32> to tensor<2x3xi32>
  %c = tensor.concat dim(1) %p, %m : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x6xi32>
  return %c : tensor<2x6xi32>
}

// Out of range: left alone, for whoever runs it to find.
// CHECK-LABEL: func.func @outside
// CHECK: tensor.extract
func.func @outside() -> tensor<1xf32> {
  %table = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %i = arith.constant dense<5> : tensor<1xindex>
  %e = tensor.empty() : tensor<1xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%i : tensor<1xindex>) outs(%e : tensor<1xf32>) {
  ^bb0(%in: index, %out: f32):
    %v = tensor.extract %table[%in] : tensor<2xf32>
    linalg.yield %v : f32
  } -> tensor<1xf32>
  return %y : tensor<1xf32>
}
