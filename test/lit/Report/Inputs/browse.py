# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# browse.py [--hostile] PAGE.html [QUEUE.txt]: looks at a report as a reader
# does. QUEUE.txt is weft-dump's text of one queue of the program.

import argparse
import os
import re
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--hostile", action="store_true")
parser.add_argument("--scripts", required=True)
parser.add_argument("page")
parser.add_argument("queue", nargs="?")
arguments = parser.parse_args()
sys.path.insert(0, arguments.scripts)
from browser import Browser


def same_bursts(browser):
    """What the page reads is what was counted, and what weft-dump prints."""
    counts = browser.run(
        "return app.chip.queues.map(q => [q.issues, q.bursts.issues.reduce((a, b) => a + b, 0)])"
    )
    assert counts and all(a == b for a, b in counts), counts
    ends = browser.run(
        "return [app.chip.cycles, Math.max(...app.chip.queues.map(q => q.bursts.last[q.bursts.size - 1]))]"
    )
    assert ends[1] < ends[0], ends
    shown = browser.run(
        """const queue = app.chip.queues.find(q => q.name === "east mxm 0 weights");
        const b = queue.bursts;
        return [...b.first].map((first, i) => [first, app.chip.instructionText(queue, i)]);"""
    )
    dumped = []
    for line in open(arguments.queue, encoding="utf-8"):
        # "  6..13  lw.pair block 0, ...; from ...  'node'": first cycle and text.
        found = re.match(r"\s+(\d+)(?:\.\.\d+)?  ((?:lw|iw).*?)(?:;|  |$)", line)
        if found:
            dumped.append([int(found[1]), found[2].rstrip()])
    assert dumped, "nothing dumped"
    assert shown == dumped, (shown[:3], dumped[:3])
    print("bursts as in the queues")


def summary(browser):
    cards = browser.run("return document.getElementById('cards').innerText")
    cycles = browser.run("return report.predictedCycles.toLocaleString('en-US')")
    assert cycles in cards and "work bound" in cards, cards
    assert "placed bound" in cards and "critical path" in cards, cards
    print("summary")


def shown_range(browser):
    return browser.run("return [app.timeline.from, app.timeline.to]")


def zoom(browser):
    x, y, width, _ = browser.rectangle("#rows")
    y = browser.run("return document.getElementById('rows').getBoundingClientRect().y")
    cycles = browser.run("return app.chip.cycles")
    assert shown_range(browser) == [0, cycles]
    # At the place under the pointer: the cycle there stays there.
    at = x + width * 0.6
    before = browser.run("return app.timeline.cycleOf(arguments[0])", at - x)
    browser.wheel(at, y + 40, -400)
    first, last = shown_range(browser)
    assert last - first < 0.7 * cycles, (first, last)
    after = browser.run("return app.timeline.cycleOf(arguments[0])", at - x)
    assert abs(before - after) < 1, (before, after)
    # A drag moves it along.
    browser.drag([(at, y + 40), (at - 100, y + 40)])
    moved, _ = shown_range(browser)
    assert moved > first, (first, moved)
    text = browser.run("return document.getElementById('range').textContent")
    assert round(moved) == int(re.search(r"cycles ([\d,]+)", text)[1].replace(",", "")), text
    # Keys: closer, and all again.
    browser.keys("#timeline-box", "+")
    closer = shown_range(browser)
    assert closer[1] - closer[0] < last - first
    browser.keys("#timeline-box", "0")
    assert shown_range(browser) == [0, cycles]
    print("zoom")


def click(browser):
    """A click on a burst selects its node and tells of it."""
    spot = browser.run(
        """const t = app.timeline;
        const row = t.rows.find(r => r.queue && r.queue.name.endsWith("abc"));
        const b = row.queue.bursts;
        let longest = 0;
        for (let i = 0; i < b.size; ++i) if (b.issues[i] > b.issues[longest]) longest = i;
        t.focus(b.first[longest], b.last[longest] + 1);
        return [row.queue.name, b.first[longest], b.last[longest], b.node[longest], row.y + row.h / 2,
          (b.first[longest] + b.last[longest] + 1) / 2];"""
    )
    name, first, last, node, y, middle = spot
    browser.settle()
    browser.rectangle("#timeline")
    left, top = browser.run(
        "const r = document.getElementById('rows').getBoundingClientRect(); return [r.x, r.y]"
    )
    x = browser.run("return app.timeline.xOf(arguments[0])", middle)
    browser.move(left + x, top + y)
    tip = browser.run("const t = document.getElementById('tip'); return t.hidden ? '' : t.innerText")
    assert name in tip and f"{first:,} to {last:,}" in tip, tip
    browser.click(left + x, top + y)
    detail = browser.run("return document.getElementById('detail').innerText")
    assert name in detail and f"{first:,} to {last:,}" in detail, detail
    assert browser.run("return app.timeline.node") == node
    chosen = browser.run("return document.querySelector('#node-table tr.chosen').dataset.node")
    assert int(chosen) == node, (chosen, node)
    browser.keys("#timeline-box", "\ue00c")  # Escape
    assert browser.run("return app.timeline.node") == -1
    print("click")


def press(browser, selector):
    """A real click in the middle of an element."""
    x, y, width, height = browser.rectangle(selector)
    browser.click(x + min(width, 300) / 2, y + height / 2)


def node(browser):
    """A click on a row shows where its node runs; a head sorts."""
    press(browser, "#node-table tbody tr:nth-child(2)")
    number = int(
        browser.run("return document.querySelector('#node-table tbody tr:nth-child(2)').dataset.node")
    )
    assert browser.run("return app.timeline.node") == number
    first, last = shown_range(browser)
    use = browser.run("return app.chip.nodes.find(n => n.node === arguments[0])", number)
    assert first <= use["first"] and last >= use["last"], (first, last, use)
    cycles = [
        float(text.replace(",", ""))
        for text in browser.run(
            "return [...document.querySelectorAll('#node-table tbody tr')].map(r => r.cells[1].textContent)"
        )
    ]
    assert cycles == sorted(cycles, reverse=True) and len(cycles) > 5
    press(browser, "#node-table th:first-child button")
    names = browser.run(
        "return [...document.querySelectorAll('#node-table tbody tr')].map(r => r.cells[0].textContent)"
    )
    assert names == sorted(names), names
    browser.keys("#node-filter", "softmax")
    shown = browser.run("return document.querySelectorAll('#node-table tbody tr').length")
    assert shown == sum("softmax" in name.lower() for name in names) > 0, shown
    print("node")


def gap(browser):
    gaps = browser.run("return app.chip.gaps")
    assert len(gaps) == 10
    lengths = [g["end"] - g["begin"] for g in gaps]
    assert lengths == sorted(lengths, reverse=True)
    press(browser, "#gap-table tbody tr[data-gap='0']")
    first, last = shown_range(browser)
    assert first <= gaps[0]["begin"] and last >= gaps[0]["end"]
    hidden = browser.run("return document.querySelector('#gap-table tbody tr:nth-child(2)').hidden")
    assert hidden is False
    print("gap")


def phase(browser):
    press(browser, "#phase-table tbody tr:nth-child(3)")
    begin, end = browser.run("const p = app.chip.phases[2]; return [p.begin, p.end]")
    first, last = shown_range(browser)
    assert first <= begin and last >= end, (first, last, begin, end)
    print("phase")


def dark(browser):
    before = browser.run("return getComputedStyle(document.body).backgroundColor")
    press(browser, "#theme")
    after = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert before != after
    print("dark")


with Browser() as browser:
    browser.open(arguments.page)
    assert browser.run("return document.documentElement.dataset.ready") == "true"
    if arguments.hostile:
        name = browser.run("return report.nodes[app.chip.nodes[0].node]")
        assert name.startswith("</script><img"), name
        shown = browser.run("return document.querySelector('#node-table tbody td').textContent")
        assert shown == name, shown
        assert browser.run("return document.querySelectorAll('img').length") == 0
        assert browser.run("return document.title") != "taken"
        print("names are text")
    else:
        same_bursts(browser)
        for look in (summary, zoom, click, node, gap, phase, dark):
            look(browser)
    said = [entry for entry in browser.logs() if entry["level"] != "INFO"]
    assert not said, said
    print("nothing on the console")
