// Twelve heads of attention from scores to the output product.

// RUN: weft-opt %s --weft-place=machine=tsp-v1 | FileCheck %s
// RUN: weft-opt %s --weft-place=machine=tsp-v1 --weft-to-tsp=machine=tsp-v1 \
// RUN:   | FileCheck %s --check-prefix=TSP

// Values: two heads of 64 in each half of the lanes, none across the middle. They
// will be installed, so their product writes them to 8 columns of memory.
// CHECK: weft.contract({{.*}} -> tensor<128x12x64xf16, #weft.layout<"((8 c1)(16 w1))((2 l64)(2 l160)(3 w16))((64 l1)) words 48 columns 8">>
// What exp gives is not divided before the product, by no kernel of its own, nor
// copied to be installed; it has no mask, for f16 holds no infinity.
// CHECK: %[[E:.*]] = weft.map({{[^)]*}}) maps [{{[^]]*}}] : ({{.*}} -> tensor<12x128x128xf16, #weft.layout<"((2 l160)(6 w16))((128 l1))((8 c1)(16 w1)) words 96 columns 8">>
// CHECK: math.exp
// CHECK: %[[D:.*]] = weft.reduce "add" %[[E]] over [2] : {{.*}} -> tensor<12x128xf16, #weft.layout<"((2 l160)(6 w1))((128 l1)) words 6">>
// CHECK-NOT: divf
// CHECK-NOT: weft.map
// The transposed values hold two heads beside each other: 128 rows of the identity
// pass three tiles of 2 * 128 columns, from either half of three vectors.
// CHECK: weft.contract({{.*}} extents [128, 6, 2, 64, 2, 64] {{.*}} -> tensor<128x6x2x64xf16
// CHECK: %[[VT:.*]] = weft.view {{.*}} to tensor<128x12x64xf16, #weft.layout<"((128 l1))((2 w64)(2 l160)(3 w128))((64 w1)) words 384">>
// The 64 rows of a head's transposed values stream past its 128 columns of
// probabilities, not 128 rows past 64 columns; queries are in lanes then, as they are
// in the denominators.
// CHECK: %[[O:.*]] = weft.contract(%[[VT]]) by({{.*}} with(%[[D]]) {{.*}} -> tensor<12x128x64xf16, #weft.layout<"((2 l160)(6 w8))((128 l1))((8 c1)(8 w1)) words 48 columns 8">>
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %[[DIV:.*]]: f32):
// CHECK-NEXT: arith.divf %[[S]], %[[DIV]]
// 768 columns from 12 heads in either half fill 2.4 tiles of 320.
// CHECK: weft.contract({{.*}} -> tensor<12x128x64xf16, #weft.layout<"((5 l64)(3 w128))((128 w1))((64 l1)) words 384">>
// CHECK: weft.contract({{.*}} -> tensor<128x32xf32

// Exponentials are added up as they are computed: 4 bursts of 32 for a pair of heads
// leave 3 parts each, which are read side by side: 3 sums, then those of the sums.
// TSP: tsp.chain "map"
// TSP: tsp.alu "exp"({{.*}} burst 32 every 1
// TSP: %[[PARTS:.*]] = tsp.alu "add" accumulate({{.*}} burst 32 every 1
// TSP: tsp.write %[[PARTS]] planes [1, 1, 1, 1] runs [0, 1, 3, 0, 1,
// TSP: tsp.chain "reduce"
// TSP: tsp.alu "add"({{.*}} offset 0 burst 3 every 3
// TSP: tsp.alu "add"({{.*}} offset 3 burst 3 every 3
// TSP: tsp.alu "add"({{.*}} offset 6 burst 3 every 3
// TSP: tsp.alu "add" accumulate({{.*}} offset 9 burst 3 every 3

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
  func.func @main(%q: tensor<12x128x64xf32> {weft.name = "q"}, %k: tensor<12x128x64xf32> {weft.name = "k"},
                  %x: tensor<128x160xf32> {weft.name = "x"}) -> (tensor<128x32xf32> {weft.name = "y"}) {
    %zero = arith.constant 0.0 : f32
    %lowest = arith.constant 0xFF800000 : f32
    %wv = arith.constant dense<0.5> : tensor<160x12x64xf32>
    %wy = arith.constant dense<0.25> : tensor<12x64x32xf32>
    %ve = tensor.empty() : tensor<128x12x64xf32>
    %vz = linalg.fill ins(%zero : f32) outs(%ve : tensor<128x12x64xf32>) -> tensor<128x12x64xf32>
    %v = linalg.generic {indexing_maps = [#x, #wv, #v], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%x, %wv : tensor<128x160xf32>, tensor<160x12x64xf32>) outs(%vz : tensor<128x12x64xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<128x12x64xf32>
    %e = tensor.empty() : tensor<12x128x128xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<12x128x128xf32>) -> tensor<12x128x128xf32>
    %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%q, %k : tensor<12x128x64xf32>, tensor<12x128x64xf32>) outs(%z : tensor<12x128x128xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<12x128x128xf32>
    %r = tensor.empty() : tensor<12x128xf32>
    %l = linalg.fill ins(%lowest : f32) outs(%r : tensor<12x128xf32>) -> tensor<12x128xf32>
    %m = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%s : tensor<12x128x128xf32>) outs(%l : tensor<12x128xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.maximumf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<12x128xf32>
    %exp = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%s, %m : tensor<12x128x128xf32>, tensor<12x128xf32>) outs(%e : tensor<12x128x128xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %0 = arith.subf %in, %in2 : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
    } -> tensor<12x128x128xf32>
    %rz = linalg.fill ins(%zero : f32) outs(%r : tensor<12x128xf32>) -> tensor<12x128xf32>
    %sum = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%exp : tensor<12x128x128xf32>) outs(%rz : tensor<12x128xf32>) {
    ^bb0(%in: f32, %acc: f32):
      %0 = arith.addf %in, %acc : f32
      linalg.yield %0 : f32
    } -> tensor<12x128xf32>
    %p = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%exp, %sum : tensor<12x128x128xf32>, tensor<12x128xf32>) outs(%e : tensor<12x128x128xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %0 = arith.divf %in, %in2 : f32
      linalg.yield %0 : f32
    } -> tensor<12x128x128xf32>
    %oe = tensor.empty() : tensor<12x128x64xf32>
    %oz = linalg.fill ins(%zero : f32) outs(%oe : tensor<12x128x64xf32>) -> tensor<12x128x64xf32>
    %o = linalg.generic {indexing_maps = [#p, #pv, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%p, %v : tensor<12x128x128xf32>, tensor<128x12x64xf32>) outs(%oz : tensor<12x128x64xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<12x128x64xf32>
    %ye = tensor.empty() : tensor<128x32xf32>
    %yz = linalg.fill ins(%zero : f32) outs(%ye : tensor<128x32xf32>) -> tensor<128x32xf32>
    %y = linalg.generic {indexing_maps = [#oy, #wy, #y], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
        ins(%o, %wy : tensor<12x128x64xf32>, tensor<12x64x32xf32>) outs(%yz : tensor<128x32xf32>) {
    ^bb0(%in: f32, %in2: f32, %acc: f32):
      %0 = arith.mulf %in, %in2 : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<128x32xf32>
    return %y : tensor<128x32xf32>
  }
}
