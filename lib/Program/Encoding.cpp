// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Four encodings of at most 128 bits, least significant bit first, each walked
// by one function for both directions:
//
//   control      8 opcode + 32 count + 32 distance + 16 stride           =  88
//   VXM          8 + 3 + 3 types + 7 result + 3 * 8 operands
//                + 2 * 32 immediates                                     = 109
//   distribute   8 + 7 operand + 7 result + 16 * 5 map                   = 102
//   others       8 + 3 + 3 types + 3 mode + 3 flags + 7 result + 6 stream
//                + 3 * 16 address, length, shift + 3 * 8 operands        = 105
//
// Bits behind the last field are zero.

#include "weft/Program/Encoding.h"

#include <algorithm>

namespace weft {
namespace {

using Text = std::array<uint8_t, textSize>;

/// Writes fields of less than 64 bits; remembers whether each fitted.
class BitWriter {
public:
  void bits(uint64_t value, int width) {
    ok &= value >> width == 0;
    size_t word = size_t(at / 64);
    int shift = at % 64;
    words[word] |= value << shift;
    if (shift + width > 64)
      words[word + 1] |= value >> (64 - shift);
    at += width;
  }
  template <typename T>
  void field(T &value, int width) {
    bits(uint64_t(value), width);
  }
  void signed16(int16_t &value) { bits(uint16_t(value), 16); }
  Text text() const {
    Text bytes;
    for (size_t i = 0; i < textSize; ++i)
      bytes[i] = uint8_t(words[i / 8] >> (8 * (i % 8)));
    return bytes;
  }

  static constexpr bool writing = true;
  bool ok = true;

private:
  std::array<uint64_t, 2> words{};
  int at = 0;
};

/// Reads fields from the text.
class BitReader {
public:
  explicit BitReader(std::span<const uint8_t, textSize> text) {
    for (size_t i = 0; i < textSize; ++i)
      words[i / 8] |= uint64_t(text[i]) << (8 * (i % 8));
  }
  uint64_t bits(int width) {
    size_t word = size_t(at / 64);
    int shift = at % 64;
    uint64_t value = words[word] >> shift;
    if (shift + width > 64)
      value |= words[word + 1] << (64 - shift);
    at += width;
    return value & ((uint64_t(1) << width) - 1); // width < 64
  }
  template <typename T>
  void field(T &value, int width) {
    value = T(bits(width));
  }
  void signed16(int16_t &value) { value = int16_t(uint16_t(bits(16))); }

  static constexpr bool writing = false;
  bool ok = true;

private:
  std::array<uint64_t, 2> words{};
  int at = 0;
};

template <typename Stream, typename Enum>
void enumField(Stream &s, Enum &value, int width, Enum last) {
  s.field(value, width);
  s.ok &= value <= last;
}

/// Stream 0..63 of a result, or none: 0 is none, else the stream plus one.
template <typename Stream>
void resultField(Stream &s, int16_t &result) {
  uint8_t code = uint8_t(result + 1);
  s.ok &= !Stream::writing || (result >= -1 && result < 64);
  s.field(code, 7);
  result = int16_t(code - 1);
  s.ok &= result < 64;
}

/// Two bits of kind and six of stream, ALU or which of the two immediates.
template <typename Stream>
void operandField(Stream &s, Operand &operand,
                  std::array<uint32_t, 2> &immediates, int &used,
                  std::array<uint8_t, 3> &which, size_t i) {
  enumField(s, operand.kind, 2, Operand::Kind::Immediate);
  uint8_t payload = 0;
  switch (operand.kind) {
  case Operand::Kind::None:
    s.field(payload, 6);
    s.ok &= payload == 0;
    break;
  case Operand::Kind::Stream:
    s.field(operand.stream, 6);
    break;
  case Operand::Kind::Alu:
    s.field(operand.alu, 6);
    break;
  case Operand::Kind::Immediate:
    if constexpr (Stream::writing) {
      // Immediates are numbered in the order in which they first appear.
      while (payload < used && immediates[payload] != operand.immediate)
        ++payload;
      if (payload == used && used < 2)
        immediates[size_t(used++)] = operand.immediate;
      s.ok &= payload < 2;
    }
    s.field(payload, 6);
    s.ok &= payload < 2;
    which[i] = payload;
    break;
  }
}

template <typename Stream>
void operandFields(Stream &s, Instruction &in, bool immediatesFit) {
  std::array<uint32_t, 2> immediates{};
  std::array<uint8_t, 3> which{};
  int used = 0;
  for (size_t i = 0; i < 3; ++i)
    operandField(s, in.operands[i], immediates, used, which, i);
  if (immediatesFit)
    for (uint32_t &immediate : immediates)
      s.field(immediate, 32);
  for (size_t i = 0; i < 3; ++i)
    if (in.operands[i].kind == Operand::Kind::Immediate) {
      s.ok &= immediatesFit;
      if (!Stream::writing && which[i] < 2)
        in.operands[i].immediate = immediates[which[i]];
    }
}

/// The whole instruction but for its opcode.
template <typename Stream>
void fields(Stream &s, Instruction &in) {
  if (in.opcode == Opcode::Nop || in.opcode == Opcode::Repeat) {
    s.field(in.count, 32);
    s.field(in.distance, 32);
    s.signed16(in.stride);
    return;
  }
  if (in.opcode == Opcode::Distribute) {
    int16_t operand = -1;
    if (in.operands[0].kind == Operand::Kind::Stream)
      operand = in.operands[0].stream;
    resultField(s, operand);
    if (operand >= 0) {
      in.operands[0].kind = Operand::Kind::Stream;
      in.operands[0].stream = uint8_t(operand);
    }
    resultField(s, in.result);
    for (uint8_t &lane : in.map) {
      s.field(lane, 5);
      s.ok &= lane <= 16;
    }
    return;
  }
  enumField(s, in.type, 3, DataType::F32);
  enumField(s, in.resultType, 3, DataType::F32);
  bool alu = isAluOpcode(in.opcode);
  if (!alu) {
    enumField(s, in.accumulate, 3, AccumulateMode::Emit);
    s.field(in.upper, 1);
    s.field(in.packed, 1);
    s.field(in.rotate, 1);
    s.field(in.stream, 6);
    s.field(in.address, 16);
    s.field(in.length, 16);
    s.signed16(in.shift);
  }
  resultField(s, in.result);
  operandFields(s, in, alu);
}

Expected<Text> pack(const Instruction &instruction) {
  auto refuse = [&](std::string why) {
    return Error{ErrorKind::Invalid,
                 "instruction '" + std::string(opcodeName(instruction.opcode)) +
                     "': " + std::move(why),
                 {}};
  };
  if (int(instruction.opcode) >= opcodeCount)
    return refuse("no such opcode");
  Instruction copy = instruction;
  BitWriter writer;
  writer.bits(uint64_t(copy.opcode), 8);
  fields(writer, copy);
  if (!writer.ok)
    return refuse("does not fit its 16 bytes: two immediates at most, streams "
                  "and ALUs below 64, map entries to 16");
  return writer.text();
}

Expected<Instruction> unpack(std::span<const uint8_t, textSize> text) {
  BitReader reader(text);
  Instruction instruction;
  enumField(reader, instruction.opcode, 8, Opcode(opcodeCount - 1));
  if (reader.ok)
    fields(reader, instruction);
  if (!reader.ok)
    return Error{ErrorKind::Invalid, "an instruction that does not exist", {}};
  return instruction;
}

} // namespace

Expected<std::array<uint8_t, textSize>> encode(const Instruction &instruction) {
  Expected<Text> text = pack(instruction);
  if (!text)
    return text;
  Expected<Instruction> back = unpack(*text);
  if (back)
    back->producers = instruction.producers;
  if (!back || *back != instruction)
    return Error{ErrorKind::Invalid,
                 "instruction '" + std::string(opcodeName(instruction.opcode)) +
                     "': has a field set that its encoding has not",
                 {}};
  return text;
}

Expected<Instruction> decode(std::span<const uint8_t, textSize> text) {
  Expected<Instruction> instruction = unpack(text);
  if (!instruction)
    return instruction;
  // Bits behind the last field, immediates that nothing names, immediates in
  // another order: one instruction has one text.
  Expected<Text> again = pack(*instruction);
  if (!again || !std::equal(text.begin(), text.end(), again->begin()))
    return Error{ErrorKind::Invalid, "an instruction that does not exist", {}};
  return instruction;
}

} // namespace weft
