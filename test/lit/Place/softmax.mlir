// softmax over the last dimension of x[4x8].

// RUN: weft-opt %s --weft-place=machine=tsp-mini | FileCheck %s --check-prefix=PLACE
// RUN: weft-opt %s --weft-place=machine=tsp-mini --weft-to-tsp=machine=tsp-mini \
// RUN:   | FileCheck %s --check-prefix=TSP

// What is reduced lies in words, one after the other in time; what is kept lies
// in lanes: 8 words of 4 lanes become one.
// PLACE: %[[MAX:.*]] = weft.reduce "max" %{{.*}} over [1] : tensor<4x8x{{f16|f32}}, #weft.layout<"((4 l1))((8 w1)) words 8">> -> tensor<4x{{f16|f32}}, #weft.layout<"((4 l1)) words 1">>
// PLACE: %[[EXP:.*]] = weft.map(%{{.*}}, %[[MAX]]) {{.*}} -> tensor<4x8x{{f16|f32}}, #weft.layout<"((4 l1))((8 w1)) words 8">>
// PLACE: arith.subf
// PLACE-NEXT: math.exp
// PLACE: %[[SUM:.*]] = weft.reduce "add" %[[EXP]] over [1] : {{.*}} -> tensor<4x{{f16|f32}}, #weft.layout<"((4 l1)) words 1">>
// PLACE: weft.map(%[[EXP]], %[[SUM]])
// PLACE: arith.divf

// An ALU takes its own result 3 cycles later, so words come 3 apart: the last of
// 8 is issued 21 after the first and its result is there 24 after it.
// TSP: tsp.chain "reduce"
// TSP: tsp.read burst 8 every 3
// TSP: tsp.alu "max" accumulate({{.*}} f32 to f32 offset [[#FIRST:]] burst 8 every 3
// TSP: tsp.alu {{.*}} offset [[#FIRST + 24]] burst 1
// The maximum is read again for each word: its stride is 0. exp follows the
// difference 3 cycles later and takes 6 itself.
// TSP: tsp.chain "map"
// TSP: tsp.read burst 8 every 1 {{.*}} runs [0, 1, 8, 0, 1
// TSP: tsp.read burst 8 every 1 {{.*}} runs [0, 0, 8, 0, 1
// TSP: tsp.alu "sub"({{.*}} offset [[#SUB:]] burst 8 every 1
// TSP: tsp.alu "exp"({{.*}} offset [[#SUB + 3]] burst 8 every 1
// TSP: tsp.alu {{.*}} offset [[#SUB + 9]] burst 8 every 1
// TSP: tsp.chain "reduce"
// TSP: tsp.alu "add" accumulate({{.*}} f32 to f32 offset [[#FIRST:]] burst 8 every 3
// TSP: tsp.alu {{.*}} offset [[#FIRST + 24]] burst 1
// TSP: tsp.chain "map"
// TSP: tsp.alu "div"(

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

func.func @main(%x: tensor<4x8xf32> {weft.name = "x"}) -> (tensor<4x8xf32> {weft.name = "y"}) {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %rows = tensor.empty() : tensor<4xf32>
  %whole = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.fill ins(%lowest : f32) outs(%rows : tensor<4xf32>) -> tensor<4xf32>
  %max = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%0 : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.maximumf %in, %out : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  %exp = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<4x8xf32>, tensor<4xf32>) outs(%whole : tensor<4x8xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %d = arith.subf %in, %m : f32
    %e = math.exp %d : f32
    linalg.yield %e : f32
  } -> tensor<4x8xf32>
  %1 = linalg.fill ins(%zero : f32) outs(%rows : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<4x8xf32>) outs(%1 : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %out : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<4x8xf32>, tensor<4xf32>) outs(%whole : tensor<4x8xf32>) {
  ^bb0(%in: f32, %s: f32, %out: f32):
    %q = arith.divf %in, %s : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
