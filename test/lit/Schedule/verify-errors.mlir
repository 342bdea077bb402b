// RUN: weft-opt %s --split-input-file --verify-diagnostics --tsp-verify-schedule

// Faults are told where the instruction comes from.

// expected-error@+1 {{is not scheduled: it has no cycles}}
tsp.program @main on "tsp-mini" {
}

// -----

// MEM 0 (x = 1) to the vector unit: read in 0, at x = 0 in 2; d = 3 and 4 to
// the stream: at x = 0 in 9, at MEM 0 of the east in 10. Four rows: 14 cycles.
!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main cycles 14 on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 at [0, 0, 0] : !tsp.buffer
  %y = tsp.scratch words 4 at [1, 0, 0] : !tsp.buffer
  tsp.chain "map" at 2 {
    %0 = tsp.read on 0 burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%x) : !tsp.buffer
    %1 = tsp.alu "neg"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 unit 0 on 1 : !tsp.value
    tsp.write %1 planes [1] runs [0, 1, 4, 0, 1](%y) : !tsp.buffer
  }
  tsp.output "y" as i8 [4, 32] from !x (%y) : !tsp.buffer
}

// -----

// The same promised in 13.
!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main cycles 13 on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 at [0, 0, 0] : !tsp.buffer
  %y = tsp.scratch words 4 at [1, 0, 0] : !tsp.buffer
  tsp.chain "map" at 2 {
    %0 = tsp.read on 0 burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%x) : !tsp.buffer
    %1 = tsp.alu "neg"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 unit 0 on 1 : !tsp.value
    // expected-error@+1 {{bad repeat}}
    tsp.write %1 planes [1] runs [0, 1, 4, 0, 1](%y) : !tsp.buffer
  }
  tsp.output "y" as i8 [4, 32] from !x (%y) : !tsp.buffer
}

// -----

// A read in cycle -1.
!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main cycles 13 on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 at [0, 0, 0] : !tsp.buffer
  %y = tsp.scratch words 4 at [1, 0, 0] : !tsp.buffer
  // expected-error@+1 {{starts too early: something issues in cycle -1}}
  tsp.chain "map" at 1 {
    %0 = tsp.read on 0 burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%x) : !tsp.buffer
    %1 = tsp.alu "neg"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 unit 0 on 1 : !tsp.value
    tsp.write %1 planes [1] runs [0, 1, 4, 0, 1](%y) : !tsp.buffer
  }
}

// -----

// Two chains on one ALU.
!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main cycles 14 on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 at [0, 0, 0] : !tsp.buffer
  %v = tsp.input "v" from i8 [4, 32] as !x words 4 at [0, 1, 0] : !tsp.buffer
  %y = tsp.scratch words 4 at [1, 0, 0] : !tsp.buffer
  %z = tsp.scratch words 4 at [1, 1, 0] : !tsp.buffer
  tsp.chain "one" at 2 {
    %0 = tsp.read on 0 burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%x) : !tsp.buffer
    // expected-note@+1 {{the other instruction}}
    %1 = tsp.alu "neg"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 unit 0 on 1 : !tsp.value
    tsp.write %1 planes [1] runs [0, 1, 4, 0, 1](%y) : !tsp.buffer
  }
  tsp.chain "two" at 5 {
    %0 = tsp.read on 3 burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%v) : !tsp.buffer
    // expected-error@+1 {{alu 0 would issue twice in cycle 5}}
    %1 = tsp.alu "abs"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 unit 0 on 2 : !tsp.value
    tsp.write %1 planes [1] runs [0, 1, 4, 0, 1](%z) : !tsp.buffer
  }
}
