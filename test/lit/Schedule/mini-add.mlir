// y = a + b on 4x32 halves, a word a row: one operation of one ALU. Places are
// given, the rest is the scheduler's; tsp-mini has MEM i at 1 + i/2 hops.
//
//   b  east MEM 4, 5, x = 3: read in 0-3, on the streams at x = 3 in 1-4, at
//      the vector unit (x = 0) 3 hops later in 4-7. It is the farther one.
//   a  west MEM 0, 1, x = -1: 1 + 1 cycles away, so it is read in 2-5.
//   +  issues in 4-7; the result is on a stream 4 + 3 cycles later, in 11-14.
//   y  east MEM 0, 1, x = 1: written 1 hop later, in 12-15.
//
// A program takes one cycle more than its last write's: 16.

// RUN: weft-opt %s --tsp-schedule --tsp-verify-schedule | FileCheck %s
// CHECK: tsp.program @main cycles 16
// CHECK: tsp.chain "map" at 4

// RUN: rm -rf %t && mkdir %t
// RUN: weft-compile %s --compile-from=tsp --machine=tsp-mini -o %t/p.weft \
// RUN:   | FileCheck %s --check-prefix=PREDICTED
// PREDICTED: cycles         16 predicted, 0.02 us at 900 MHz
// PREDICTED: critical path  16 cycles, ratio 1.00

// RUN: weft-dump %t/p.weft | FileCheck %s --check-prefix=QUEUES
// QUEUES-LABEL: chip 0 west mem 0 read
// QUEUES: {{^ +}}2  read 0:0000
// QUEUES-LABEL: chip 0 east mem 4 read
// QUEUES: {{^ +}}0  read 0:0000
// QUEUES-LABEL: chip 0 east mem 0 write
// QUEUES: {{^ +}}12  write {{.*}} 1:0000; from alu
// QUEUES-LABEL: chip 0 alu
// QUEUES: {{^ +}}4  add

// RUN: %python %S/Inputs/mini.py add %t
// RUN: weft-run %t/p.weft --inputs=%t/x.npz --check=%t/y.npz --max-error=0 \
// RUN:   | FileCheck %s --check-prefix=SIM
// SIM: y {{.*}}max error 0  pass
// SIM: cycles         16 simulated, 16 predicted (equal)

!buffer = !tsp.buffer
!rows = tensor<4x32xf16, #weft.layout<"((4 w1))((32 l1)) words 4">>

tsp.program @main on "tsp-mini" {
  %a:2 = tsp.input "a" from f16 [4, 32] as !rows words 4 in 0 at [0, 0, 0, 0, 1, 0] : !buffer, !buffer
  %b:2 = tsp.input "b" from f16 [4, 32] as !rows words 4 in 1 at [1, 4, 0, 1, 5, 0] : !buffer, !buffer
  %y:2 = tsp.scratch words 4 in 1 at [1, 0, 64, 1, 1, 64] : !buffer, !buffer
  tsp.chain "map" {
    %0 = tsp.read burst 4 every 1 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%a#0, %a#1) : !buffer, !buffer
    %1 = tsp.read burst 4 every 1 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%b#0, %b#1) : !buffer, !buffer
    %2 = tsp.alu "add"(%0, %1) [0, 1] imm [] f16 to f16 offset 0 burst 4 every 1 : !tsp.value, !tsp.value
    tsp.write %2 planes [1, 1]
      runs [0, 1, 4, 0, 1, 0, 1, 4, 0, 1] (%y#0, %y#1) : !buffer, !buffer
  }
  tsp.output "y" as f16 [4, 32] from !rows (%y#0, %y#1) : !buffer, !buffer
}
