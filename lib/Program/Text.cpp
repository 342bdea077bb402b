// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text of instructions. Any instruction that decodes has a text, whether
// it makes sense or not.

#include "weft/Program/Text.h"

#include <algorithm>
#include <cstdio>

namespace weft {
namespace {

constexpr int64_t farFuture = int64_t(1) << 62;

std::string_view typeText(DataType type) {
  constexpr std::string_view names[] = {"i8", "i16", "i32", "f16", "f32"};
  return names[std::min(size_t(type), size_t(4))];
}

std::string hex(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%x", value);
  return text;
}

std::string_view modeText(AccumulateMode mode) {
  constexpr std::string_view names[] = {"pass",       "store",    "add",
                                        "store.emit", "add.emit", "emit"};
  return names[std::min(size_t(mode), size_t(5))];
}

/// Streams that operand i takes; 1 where the opcode fixes no other.
int operandWidth(const Instruction &in, size_t i) {
  if (isAluOpcode(in.opcode)) {
    return byteWidth(in.type);
  }
  switch (in.opcode) {
  case Opcode::Gather:
    return i == 0 ? 2 : 0;
  case Opcode::Scatter:
    return i == 0 ? 1 : 2;
  case Opcode::Permute:
    return i == 0 ? 1 : 2;
  case Opcode::Activate:
    return in.type == DataType::F16 ? 2 : 1;
  default:
    return 1;
  }
}

std::string operandText(const Machine &machine, const Instruction &in,
                        size_t i) {
  const Operand &operand = in.operands[i];
  switch (operand.kind) {
  case Operand::Kind::None:
    return "-";
  case Operand::Kind::Stream:
    return streamText(machine, operand.stream, operandWidth(in, i));
  case Operand::Kind::Alu:
    return "alu " + std::to_string(operand.alu);
  case Operand::Kind::Immediate:
    return "#" + hex(operand.immediate);
  }
  return "?";
}

std::string resultText(const Machine &machine, const Instruction &in,
                       int width) {
  return in.result < 0 ? "" : " -> " + streamText(machine, in.result, width);
}

std::string aluText(const Machine &machine, const Instruction &in) {
  std::string out = " " + std::string(typeText(in.type)) + " ";
  int count = aluOperandCount(in.opcode);
  for (size_t i = 0; i < 3; ++i)
    if (int(i) < count || in.operands[i].kind != Operand::Kind::None)
      out += (i ? ", " : "") + operandText(machine, in, i);
  if (in.result >= 0 || in.resultType != in.type)
    out += " -> " + std::string(typeText(in.resultType));
  if (in.result >= 0)
    out += " " + streamText(machine, in.result, byteWidth(in.resultType));
  return out;
}

} // namespace

std::string streamText(const Machine &machine, int first, int width) {
  char direction = first < machine.streams ? 'e' : 'w';
  int number = first < machine.streams ? first : first - machine.streams;
  std::string out = direction + std::to_string(number);
  return width > 1 ? out + ".." + std::to_string(number + width - 1) : out;
}

std::string wordText(const Machine &machine, int address) {
  char text[32];
  std::snprintf(text, sizeof text, "%d:%04d", address / machine.wordsPerBank,
                address % machine.wordsPerBank);
  return text;
}

std::string instructionText(const Machine &machine, const Instruction &in) {
  std::string out(opcodeName(in.opcode));
  auto number = [](int64_t value) { return std::to_string(value); };
  auto operand = [&](size_t i) { return operandText(machine, in, i); };
  auto stream = [&](int width) {
    return streamText(machine, in.stream, width);
  };
  auto word = [&] { return wordText(machine, in.address); };
  if (isAluOpcode(in.opcode))
    return out + aluText(machine, in);
  switch (in.opcode) {
  case Opcode::Nop:
    return out + " " + number(in.count);
  case Opcode::Repeat:
    return out + " " + number(in.count) + ", " + number(in.distance) +
           (in.stride ? ", stride " + number(in.stride) : "");
  case Opcode::Read:
    return out + " " + word() + " -> " + stream(1);
  case Opcode::Write:
    return out + " " + operand(0) + " -> " + word();
  case Opcode::Gather:
    return out + " " + word() + " [" + number(in.length) + "], map " +
           operand(0) + " -> " + stream(1);
  case Opcode::Scatter:
    return out + " " + operand(0) + ", map " + operand(1) + " -> " + word() +
           " [" + number(in.length) + "]";
  case Opcode::LoadWeights:
  case Opcode::LoadWeightsPair:
    out +=
        " block " + number(in.address) + ", " + stream(machine.weightStreams);
    if (in.opcode == Opcode::LoadWeightsPair)
      out += in.packed ? ", packed" : in.upper ? ", high lanes" : ", low lanes";
    return out;
  case Opcode::InstallWeights:
    return out + " " + std::string(typeText(in.type));
  case Opcode::Activate:
    out += " " + std::string(typeText(in.type)) + " " + operand(0);
    if (in.type == DataType::F16)
      out += in.upper ? ", high lanes" : ", low lanes";
    return out;
  case Opcode::Accumulate:
    out += " " + std::string(typeText(in.type)) + " " +
           std::string(modeText(in.accumulate));
    if (in.accumulate != AccumulateMode::Pass)
      out += " row " + number(in.address);
    return out + resultText(machine, in, 4);
  case Opcode::Transpose:
    return out + " " + stream(16) + resultText(machine, in, 16);
  case Opcode::Shift:
    return out + " " + operand(0) + (in.rotate ? ", rotate " : ", by ") +
           number(in.shift) + resultText(machine, in, 1);
  case Opcode::Distribute: {
    out += " " + operand(0) + ", map [";
    for (size_t i = 0; i < in.map.size(); ++i)
      out += (i ? " " : "") + (in.map[i] < 16 ? number(in.map[i]) : "z");
    return out + "]" + resultText(machine, in, 1);
  }
  case Opcode::Permute:
    return out + " " + operand(0) + ", map " + operand(1) +
           resultText(machine, in, 1);
  case Opcode::SelectLanes:
    return out + " " + operand(0) + ", " + operand(1) + " lanes " +
           number(in.shift) + " + " + number(in.length) +
           resultText(machine, in, 1);
  case Opcode::Send:
    return out + " " + operand(0);
  case Opcode::Receive:
    return out + " -> " + stream(1);
  default:
    return out;
  }
}

std::string producersText(const Machine &machine, const Instruction &in) {
  std::vector<uint8_t> named;
  auto add = [&](size_t at) {
    if (at < in.producers.size() &&
        std::find(named.begin(), named.end(), in.producers[at]) == named.end())
      named.push_back(in.producers[at]);
  };
  if (in.opcode == Opcode::LoadWeights ||
      in.opcode == Opcode::LoadWeightsPair) {
    for (int i = 0; i < machine.weightStreams; ++i)
      add(size_t(i));
  } else if (in.opcode == Opcode::Transpose) {
    for (size_t i = 0; i < 16; ++i)
      add(i);
  } else {
    for (size_t i = 0; i < 3; ++i)
      if (in.operands[i].kind == Operand::Kind::Stream)
        for (int byte = 0; byte < operandWidth(in, i); ++byte)
          add(4 * i + size_t(byte));
  }
  std::string out;
  for (uint8_t number : named) {
    std::optional<Queue> queue = queueOfNumber(machine, number);
    out += (out.empty() ? "from " : ", ") +
           (queue ? queueName(*queue) : "no queue " + std::to_string(number));
  }
  return out;
}

std::vector<IssueSpan> issueSpans(const std::vector<Instruction> &queue) {
  std::vector<IssueSpan> spans;
  spans.reserve(queue.size());
  int64_t next = 0; // The cycle in which the next instruction issues.
  for (const Instruction &in : queue) {
    IssueSpan span{next, next};
    if (in.opcode == Opcode::Nop) {
      span.last = next + int64_t(in.count) - 1;
    } else if (in.opcode == Opcode::Repeat) {
      // The instruction before issued in next - 1. count * distance < 2^64.
      uint64_t length = uint64_t(in.count) * in.distance;
      span.first = next - 1 + in.distance;
      span.last = next - 1 + int64_t(std::min(length, uint64_t(farFuture) - 1));
    }
    span.last = std::min(span.last, farFuture);
    span.first = std::min(span.first, farFuture);
    next = std::min(span.last + 1, farFuture);
    spans.push_back(span);
  }
  return spans;
}

} // namespace weft
