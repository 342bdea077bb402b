// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Einsum as sums, contractions of two operands from left to right, and a
// transposition at the end. A letter is summed as soon as nobody after needs
// it; the dimensions under an ellipsis get letters of their own.

#include "Lowering.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

namespace {

/// A tensor and the index that each of its dimensions runs over. Letters are
/// their own index; dimension d of an ellipsis, counted from its end, is -1-d.
struct Term {
  Value value;
  SmallVector<int> indices;

  ArrayRef<int64_t> shape() const {
    return cast<RankedTensorType>(value.getType()).getShape();
  }
};

} // namespace

/// "ab...c" as indices, the ellipsis standing for `covered` dimensions;
/// nullopt where it is no such list of letters.
static std::optional<SmallVector<int>> parseTerm(StringRef text,
                                                 int64_t covered) {
  SmallVector<int> indices;
  bool seen = false;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      if (seen)
        return std::nullopt;
      seen = true;
      for (int64_t d = covered; d-- > 0;)
        indices.push_back(static_cast<int>(-1 - d));
      continue;
    }
    if (!llvm::isAlpha(text.front()))
      return std::nullopt;
    indices.push_back(text.front());
    text = text.drop_front();
  }
  return indices;
}

/// Sums the dimensions of indices that are not in `kept`.
static void sumOthers(NodeLowering &n, Term &term, ArrayRef<int> kept) {
  SmallVector<int64_t> axes;
  SmallVector<int> left;
  for (auto [axis, index] : llvm::enumerate(term.indices)) {
    if (llvm::is_contained(kept, index))
      left.push_back(index);
    else
      axes.push_back(static_cast<int64_t>(axis));
  }
  if (axes.empty())
    return;
  term.value = reduceSum(n.b, term.value, axes);
  term.indices = left;
}

/// Drops dimensions of size 1 that `other` has with another size: a product
/// broadcasts them.
static Term dropBroadcast(NodeLowering &n, const Term &term,
                          const Term &other) {
  Term result;
  Shape shape;
  for (auto [size, index] : llvm::zip_equal(term.shape(), term.indices)) {
    const int *at = llvm::find(other.indices, index);
    if (size == 1 && at != other.indices.end() &&
        other.shape()[at - other.indices.begin()] != 1)
      continue;
    shape.push_back(size);
    result.indices.push_back(index);
  }
  result.value = reshape(n.b, term.value, shape);
  return result;
}

/// The product of two terms, with the indices in `kept`.
static Term multiply(NodeLowering &n, Term a, Term b, ArrayRef<int> kept) {
  // What only one of them has and nobody needs is summed before.
  SmallVector<int> forA(kept), forB(kept);
  llvm::append_range(forA, b.indices);
  llvm::append_range(forB, a.indices);
  sumOthers(n, a, forA);
  sumOthers(n, b, forB);
  Term lhs = dropBroadcast(n, a, b), rhs = dropBroadcast(n, b, a);
  SmallVector<int> loops(lhs.indices);
  for (int index : rhs.indices)
    if (!llvm::is_contained(loops, index))
      loops.push_back(index);
  auto numbers = [&](ArrayRef<int> indices) {
    SmallVector<unsigned> dims;
    for (int index : indices)
      dims.push_back(
          static_cast<unsigned>(llvm::find(loops, index) - loops.begin()));
    return dims;
  };
  Term result;
  for (int index : loops)
    if (llvm::is_contained(kept, index))
      result.indices.push_back(index);
  result.value = contract(n.b, lhs.value, numbers(lhs.indices), rhs.value,
                          numbers(rhs.indices), numbers(result.indices),
                          static_cast<unsigned>(loops.size()));
  return result;
}

/// The indices of a result that is not spelled out: the ellipsis, then the
/// letters that occur once, in alphabetical order.
static SmallVector<int> impliedResult(ArrayRef<Term> terms, int64_t covered) {
  SmallVector<int> result = *parseTerm("...", covered);
  SmallVector<int> all;
  for (const Term &term : terms)
    llvm::append_range(all, term.indices);
  for (int letter = 'A'; letter <= 'z'; ++letter)
    if (llvm::count(all, letter) == 1)
      result.push_back(letter);
  return result;
}

static LogicalResult lowerEinsum(NodeLowering &n) {
  std::string equation = n.stringAttr("equation", "").str();
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (failed(n.needInputs(static_cast<unsigned>(parts.size()))))
    return failure();
  if (parts.size() != n.numInputs())
    return n.invalid("expected an equation of " + Twine(n.numInputs()) +
                     " terms, found '" + equation + "'");
  int64_t covered = 0;
  SmallVector<Term> terms;
  llvm::DenseMap<int, int64_t> sizes;
  for (auto [i, part] : llvm::enumerate(parts)) {
    const OnnxValue &x = n.in(static_cast<unsigned>(i));
    if (x.element != n.in(0).element)
      return n.invalid("expected inputs of one element type");
    auto letters = static_cast<int64_t>(
        llvm::count_if(part, [](char c) { return llvm::isAlpha(c); }));
    int64_t own = part.contains("...") ? x.rank() - letters : 0;
    auto indices = own < 0 ? std::nullopt : parseTerm(part, own);
    if (!indices || static_cast<int64_t>(indices->size()) != x.rank())
      return n.invalid("expected a term for each dimension of input " +
                       Twine(i) + " of rank " + Twine(x.rank()) + ", found '" +
                       part + "'");
    covered = std::max(covered, own);
    for (auto [size, index] : llvm::zip_equal(x.shape(), *indices)) {
      int64_t &known = sizes.try_emplace(index, size).first->second;
      if (known != size && known != 1 && size != 1)
        return n.invalid("expected one size for each index of '" + equation +
                         "', found " + Twine(known) + " and " + Twine(size));
      known = known == 1 ? size : known;
      if (llvm::count(*indices, index) > 1)
        return n.unsupported("diagonals, as in '" + equation +
                             "', are not supported");
    }
    terms.push_back({x.value, *indices});
  }
  SmallVector<int> result;
  if (StringRef(equation).contains("->")) {
    auto parsed = parseTerm(right, covered);
    if (!parsed)
      return n.invalid("expected indices after the arrow, found '" + right +
                       "'");
    result = *parsed;
  } else {
    result = impliedResult(terms, covered);
  }
  for (int index : result)
    if (!sizes.contains(index) || llvm::count(result, index) > 1)
      return n.invalid("expected each index of the result once in the result "
                       "and somewhere before it, found '" +
                       equation + "'");

  Term done = terms.front();
  for (size_t i = 1; i < terms.size(); ++i) {
    SmallVector<int> kept(result);
    for (size_t j = i + 1; j < terms.size(); ++j)
      llvm::append_range(kept, terms[j].indices);
    done = multiply(n, done, terms[i], kept);
  }
  sumOthers(n, done, result);
  SmallVector<int64_t> order;
  for (int index : result)
    order.push_back(llvm::find(done.indices, index) - done.indices.begin());
  if (!llvm::is_sorted(order))
    done.value = transpose(n.b, done.value, order);
  n.set(0, done.value, n.in(0).element);
  return success();
}

void weft::onnxtolinalg::addEinsumLowerings(LoweringTable &table) {
  table.push_back({"Einsum", "", 12, kLatest, lowerEinsum});
}
