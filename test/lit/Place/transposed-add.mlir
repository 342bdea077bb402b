// y = a + transpose(b), a[4x8] and b[8x4]. Inputs come in any layout, so that
// rows of a meet columns of b without moving either.

// RUN: weft-opt %s --weft-place=machine=tsp-mini | FileCheck %s --check-prefix=PLACE
// RUN: weft-opt %s --weft-place=machine=tsp-mini --weft-to-tsp=machine=tsp-mini \
// RUN:   | FileCheck %s --check-prefix=TSP

// Whatever becomes words, it is the same loop for all three tensors: i, of 4,
// is a's first dimension and b's last.
// PLACE: %[[A:.*]] = weft.input "a" from f32 shape [4, 8] : tensor<4x8xf32, #weft.layout<"((4 w1))((8 l1)) words 4">>
// PLACE: %[[B:.*]] = weft.input "b" from f32 shape [8, 4] : tensor<8x4xf32, #weft.layout<"((8 l1))((4 w1)) words 4">>
// PLACE: %[[Y:.*]] = weft.map(%[[A]], %[[B]]) {{.*}} -> tensor<4x8xf32, #weft.layout<"((4 w1))((8 l1)) words 4">>
// PLACE: weft.output %[[Y]] to "y" as f32 shape [4, 8]

// One chain and nothing else: four byte planes of each, one operation.
// TSP: %[[A:.*]]:4 = tsp.input "a" from f32 [4, 8]
// TSP: %[[B:.*]]:4 = tsp.input "b" from f32 [8, 4]
// TSP-NOT: tsp.chain
// TSP: tsp.chain "map" {
// TSP-NEXT: %[[P:.*]] = tsp.read burst 4 every 1 planes [1, 1, 1, 1] {{.*}}(%[[A]]#0, %[[A]]#1, %[[A]]#2, %[[A]]#3)
// TSP-NEXT: %[[Q:.*]] = tsp.read burst 4 every 1 planes [1, 1, 1, 1] {{.*}}(%[[B]]#0, %[[B]]#1, %[[B]]#2, %[[B]]#3)
// TSP-NEXT: %[[S:.*]] = tsp.alu "add"(%[[P]], %[[Q]]) {{.*}} f32 to f32 offset 0 burst 4 every 1
// TSP-NEXT: tsp.write %[[S]] planes [1, 1, 1, 1]
// TSP-NEXT: }
// TSP-NOT: tsp.chain

#id = affine_map<(i, j) -> (i, j)>
#swapped = affine_map<(i, j) -> (j, i)>

func.func @main(%a: tensor<4x8xf32> {weft.name = "a"}, %b: tensor<8x4xf32> {weft.name = "b"})
    -> (tensor<4x8xf32> {weft.name = "y"}) {
  %empty = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#id, #swapped, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>) outs(%empty : tensor<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
