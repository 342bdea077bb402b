// RUN: weft-opt %s --split-input-file --verify-diagnostics --tsp-schedule

// expected-error@+2 {{unknown machine 'tsp-v9'}}
// expected-note@+1 {{known machines are}}
tsp.program @main on "tsp-v9" {
}

// -----

// expected-error@+1 {{not JSON}}
tsp.program @main on "{ not json" {
}

// -----

tsp.program @main on "tsp-mini" {
  // expected-error@+1 {{has 1 buffers for columns of 2 segments}}
  %0 = tsp.scratch words 100 : !tsp.buffer
}

// -----

tsp.program @main on "tsp-mini" {
  // expected-error@+1 {{needs three numbers for the place of each buffer, has 2 for 1 buffers}}
  %0 = tsp.scratch words 4 at [1, 0] : !tsp.buffer
}

// -----

!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 : !tsp.buffer
  %y = tsp.scratch words 4 : !tsp.buffer
  tsp.chain "map" {
    // expected-error@+1 {{needs a buffer and five numbers for each run: 1 runs, 1 buffers, 4 numbers}}
    %0 = tsp.read burst 4 every 1 planes [1] runs [0, 1, 4, 0](%x) : !tsp.buffer
  }
}

// -----

!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 : !tsp.buffer
  %y = tsp.scratch words 4 : !tsp.buffer
  tsp.chain "map" {
    %0 = tsp.read burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%x) : !tsp.buffer
    // expected-error@+1 {{'frobnicate' is no operation of the ALUs}}
    %1 = tsp.alu "frobnicate"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 : !tsp.value
  }
}

// -----

// A chained operand is there three cycles later, and only then.
!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 : !tsp.buffer
  %y = tsp.scratch words 4 : !tsp.buffer
  tsp.chain "map" {
    %0 = tsp.read burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%x) : !tsp.buffer
    // expected-note@+1 {{operand computed here}}
    %1 = tsp.alu "neg"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 : !tsp.value
    // expected-error@+1 {{must issue 3 cycles into the chain}}
    %2 = tsp.alu "neg"(%1) [0] imm [] i8 to i8 offset 4 burst 4 every 1 : !tsp.value
    tsp.write %2 planes [1] runs [0, 1, 4, 0, 1](%y) : !tsp.buffer
  }
}

// -----

// Weights that nobody installs.
tsp.program @main on "tsp-mini" {
  %w:4 = tsp.scratch words 8 : !tsp.buffer, !tsp.buffer, !tsp.buffer, !tsp.buffer
  // expected-error@+1 {{fills weights that no chain installs}}
  %loaded = tsp.chain "load" pair 1 fills !tsp.loaded {
    %0 = tsp.read burst 8 every 1 planes [1, 1, 1, 1]
      runs [0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1, 0, 1, 8, 0, 1]
      (%w#0, %w#1, %w#2, %w#3) : !tsp.buffer, !tsp.buffer, !tsp.buffer, !tsp.buffer
    tsp.lw %0 packed block 0 offset 0 burst 8
  }
}

// -----

// Words that nothing writes.
// expected-error@+1 {{it reads word 0 of buffer 0 that no earlier chain writes}}
tsp.program @main on "tsp-mini" {
  %x = tsp.scratch words 4 : !tsp.buffer
  %y = tsp.scratch words 4 : !tsp.buffer
  tsp.chain "map" {
    %0 = tsp.read burst 4 every 1 planes [1] runs [0, 1, 4, 0, 1](%x) : !tsp.buffer
    %1 = tsp.alu "neg"(%0) [0] imm [] i8 to i8 offset 0 burst 4 every 1 : !tsp.value
    tsp.write %1 planes [1] runs [0, 1, 4, 0, 1](%y) : !tsp.buffer
  }
}

// -----

!x = tensor<4x32xi8, #weft.layout<"((4 w1))((32 l1)) words 4">>
tsp.program @main on "tsp-mini" {
  %x = tsp.input "x" from i8 [4, 32] as !x words 4 : !tsp.buffer
  %y:4 = tsp.scratch words 4 : !tsp.buffer, !tsp.buffer, !tsp.buffer, !tsp.buffer
  %loaded = tsp.chain "load" pair 1 fills !tsp.loaded {
    %0 = tsp.read burst 1 every 1 planes [1, 1, 1, 1]
      runs [0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1]
      (%y#0, %y#1, %y#2, %y#3) : !tsp.buffer, !tsp.buffer, !tsp.buffer, !tsp.buffer
    tsp.lw %0 plane 0 block 0 offset 0 burst 1
  }
  tsp.chain "pass" pair 1 after %loaded {
    // expected-error@+1 {{stands in the queue weights, abc or acc, not in 'vxm'}}
    tsp.iw plane 0 in "vxm" offset 0
  }
}
