/* The list keeps its place: whatever happens in the house, what is shown never moves but where somebody asked for it, and after the
 * announced ones were shown and the gone ones have left it is what the desk says. Random histories. */
import "./browser.mjs";
import test from "node:test";
import assert from "node:assert/strict";
import { merge } from "./lib/waiting.js";

let seed = 7;
const random = (n) => {
	seed = (seed * 1103515245 + 12345) % 2147483648;
	return seed % n;
};
const page = (truth, n) => ({ items: truth.slice(0, n).map((id) => ({ id, of: truth.length })), next: truth.length > n ? "more" : null });

test("random histories", () => {
	for (let round = 0; round < 2000; round++) {
		let truth = Array.from({ length: random(12) }, (_, i) => i * 10);
		const n = 6;
		let now = { rows: page(truth, n).items.map((e) => ({ e, isGone: false })), next: page(truth, n).next, held: null };
		for (let step = 0; step < 6; step++) {
			for (let k = random(3); k > 0; k--) {
				const what = random(3);
				if (what === 0) {
					truth = truth.filter((_, i) => i !== random(truth.length + 1));
				} else {
					truth = [...new Set([...truth, what === 1 ? 1000 + round + step : random(110)])].sort((a, b) => a - b);
				}
			}
			const before = now.rows.map((r) => r.e.id);
			const said = page(truth, Math.max(n, now.rows.length));
			now = { ...now, ...merge(now, said) };
			const after = now.rows.map((r) => r.e.id);
			assert.deepEqual(after.slice(0, before.length), before, "nothing moves");
			assert.equal(new Set(after).size, after.length, "nobody stands twice");
			for (const r of now.rows) {
				if (said.items.some((e) => e.id === r.e.id)) {
					assert.ok(!r.isGone && r.e.of === truth.length, "who waits is as the desk says");
				} else if (said.next === null) {
					assert.ok(r.isGone, "who does not wait any more is marked");
				}
			}
			if (said.next === null) {
				const seen = new Set([...after, ...(now.held?.rows.map((r) => r.e.id) ?? [])]);
				assert.ok(truth.every((id) => seen.has(id)), "everybody is shown, or announced");
			}
			if (random(3) === 0) {
				now = now.held ? { rows: now.held.rows, next: now.held.next, held: null } : { ...now, rows: now.rows.filter((r) => !r.isGone) };
			}
		}
	}
});
