// What is copied as it is stored passes one ALU, in f16.

// RUN: weft-opt %s --weft-to-tsp=machine=tsp-v1 | FileCheck %s

// CHECK: tsp.chain "map"
// CHECK-NEXT: %[[X:.*]] = tsp.read burst 32 every 1
// CHECK-NEXT: %[[C:.*]] = tsp.alu "copy"(%[[X]]) {{.*}} f16 to f16 offset 0 burst 32 every 1
// CHECK-NEXT: tsp.write %[[C]]

#id = affine_map<(d0, d1) -> (d0, d1)>
!rows = tensor<32x64xf16, #weft.layout<"((32 w1))((64 l1)) words 32">>
!columns = tensor<32x64xf16, #weft.layout<"((8 c1)(4 w1))((64 l1)) words 4 columns 8">>
func.func @main() {
  %x = weft.input "x" from f32 shape [32, 64] : !rows
  %y = weft.map(%x) maps [#id, #id] : (!rows) -> !columns {
  ^bb0(%in: f32):
    weft.yield %in : f32
  }
  weft.output %y to "y" as f32 shape [32, 64] : !columns
  return
}
