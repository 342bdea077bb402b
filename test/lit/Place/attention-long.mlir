// Sixteen heads of attention with 384 keys, which fill 2.4 halves of the lanes.

// RUN: weft-opt %s --weft-place=machine=tsp-v1 | FileCheck %s

// The keys stand in three parts of 128, each beside those of another head: 8 pairs of
// heads in 3 vectors each, where every head would take vectors of 320 and 64. Of the
// values' four heads in a vector, the two in either half are words now.
// CHECK: weft.contract({{.*}} -> tensor<384x8x2x64xf16
// CHECK: %[[VT:.*]] = weft.view {{.*}} to tensor<384x16x64xf16, #weft.layout<"((128 l1)(3 w512))((2 w64)(2 l160)(4 w128))((64 w1)) words 1536">>
// The probabilities are transposed into the same parts, from lanes that are queries.
// CHECK: %[[P:.*]] = weft.contract({{.*}} -> tensor<16x384x384xf16, #weft.layout<"((2 l160)(8 w{{[0-9]+}}))((8 c1)(48 w1))((128 l1)(3 w{{[0-9]+}})) words 1152 columns 8">>
// Queries in the result are in lanes, 320 of them in a vector, as in the scores. It is
// transposed next, so that it has the columns that it is installed from.
// CHECK: weft.contract(%[[VT]]) by(%[[P]]) {{.*}} -> tensor<16x384x64xf16, #weft.layout<"((16 w8))((320 l1)(2 w128))((8 c1)(8 w1)) words 256 columns 8">>

#x = affine_map<(s, h, d, k) -> (s, k)>
#wv = affine_map<(s, h, d, k) -> (k, h, d)>
#v = affine_map<(s, h, d, k) -> (s, h, d)>
#q = affine_map<(h, i, j, d) -> (h, i, d)>
#k = affine_map<(h, i, j, d) -> (h, j, d)>
#s = affine_map<(h, i, j, d) -> (h, i, j)>
#p = affine_map<(h, i, d, j) -> (h, i, j)>
#pv = affine_map<(h, i, d, j) -> (j, h, d)>
#o = affine_map<(h, i, d, j) -> (h, i, d)>
#oy = affine_map<(i, n, h, d) -> (h, i, d)>
#wy = affine_map<(i, n, h, d) -> (h, d, n)>
#y = affine_map<(i, n, h, d) -> (i, n)>
#all = affine_map<(h, i, j) -> (h, i, j)>
#row = affine_map<(h, i, j) -> (h, i)>
module {
  func.func @main(%q: tensor<16x384x64xf32> {weft.name = "q"}, %k: tensor<16x384x64xf32> {weft.name = "k"},
                  %x: tensor<384x160xf32> {weft.name = "x"}) -> (tensor<384x32xf32> {weft.name = "y"}) {
    %zero = arith.constant 0.0 : f32
    %lowest = arith.constant 0xFF800000 : f32
    %wv = arith.constant dense<0.5> : tensor<160x16x64xf32>
    %wy = arith.constant dense<0.25> : tensor<16x64x32xf32>
    %ve = tensor.empty() : tensor<384x16x64xf32>
    %vz = linalg.fill ins(%zero : f32) outs(%ve : tensor<384x16x64xf32>) -> tensor<384x16x64xf32>
    %v = linalg.generic {indexing_maps = [#x, #wv, #v], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%x, %wv : tensor<384x160xf32>, tensor<160x16x64xf32>) outs(%vz : tensor<384x16x64xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<384x16x64xf32>
    %e = tensor.empty() : tensor<16x384x384xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<16x384x384xf32>) -> tensor<16x384x384xf32>
    %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%q, %k : tensor<16x384x64xf32>, tensor<16x384x64xf32>) outs(%z : tensor<16x384x384xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<16x384x384xf32>
    %r = tensor.empty() : tensor<16x384xf32>
    %l = linalg.fill ins(%lowest : f32) outs(%r : tensor<16x384xf32>) -> tensor<16x384xf32>
    %m = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%s : tensor<16x384x384xf32>) outs(%l : tensor<16x384xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.maximumf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<16x384xf32>
    %exp = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%s, %m : tensor<16x384x384xf32>, tensor<16x384xf32>) outs(%e : tensor<16x384x384xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %0 = arith.subf %in, %in2 : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
    } -> tensor<16x384x384xf32>
    %rz = linalg.fill ins(%zero : f32) outs(%r : tensor<16x384xf32>) -> tensor<16x384xf32>
    %sum = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%exp : tensor<16x384x384xf32>) outs(%rz : tensor<16x384xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.addf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<16x384xf32>
    %p = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%exp, %sum : tensor<16x384x384xf32>, tensor<16x384xf32>) outs(%e : tensor<16x384x384xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %0 = arith.divf %in, %in2 : f32
      linalg.yield %0 : f32
    } -> tensor<16x384x384xf32>
    %oe = tensor.empty() : tensor<16x384x64xf32>
    %oz = linalg.fill ins(%zero : f32) outs(%oe : tensor<16x384x64xf32>) -> tensor<16x384x64xf32>
    %o = linalg.generic {indexing_maps = [#p, #pv, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%p, %v : tensor<16x384x384xf32>, tensor<384x16x64xf32>) outs(%oz : tensor<16x384x64xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<16x384x64xf32>
    %ye = tensor.empty() : tensor<384x32xf32>
    %yz = linalg.fill ins(%zero : f32) outs(%ye : tensor<384x32xf32>) -> tensor<384x32xf32>
    %y = linalg.generic {indexing_maps = [#oy, #wy, #y], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
        ins(%o, %wy : tensor<16x384x64xf32>, tensor<16x64x32xf32>) outs(%yz : tensor<384x32xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<384x32xf32>
    return %y : tensor<384x32xf32>
  }
}
