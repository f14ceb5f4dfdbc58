/* Words in the reader's language; spans of time. */
import "./browser.mjs";
import test from "node:test";
import assert from "node:assert/strict";
import { choose, t, useWords } from "./lib/i18n.js";
import { exact, fromNow, ms, span } from "./lib/time.js";
import en from "./lang/en.js";
import de from "./lang/de.js";

test("the first language that we have", () => {
	assert.equal(choose(["fr-CH", "de-CH", "en"]), "de");
	assert.equal(choose(["xx", ""]), "en");
	assert.equal(choose(["__proto__", "constructor"]), "en");
});

test("forms of a number", () => {
	useWords("en", en);
	assert.equal(t("queue.messages", { n: 1 }), "1 message");
	assert.equal(t("queue.messages", { n: 1200 }), "1,200 messages");
	useWords("de", de);
	assert.equal(t("queue.messages", { n: 1200 }), "1.200 Nachrichten");
});

test("names that strangers could choose are no words", () => {
	useWords("en", en);
	const said = console.error;
	console.error = () => {};
	assert.equal(t("constructor"), "constructor");
	console.error = said;
	assert.equal(t("views.saved", { name: "{name} $& $1" }), "“{name} $& $1” is saved.");
});

test("spans", () => {
	useWords("en", en);
	assert.deepEqual([0, 59, 60, 3599, 3600, 3660, 86399, 86400, 90000, 864000].map(span),
		["under 1 min", "under 1 min", "1 min", "59 min", "1 h", "1 h 1 min", "23 h 59 min", "1 d", "1 d 1 h", "10 d"]);
	assert.equal(span(-5), "under 1 min");
	assert.equal(fromNow("2026-01-01T00:10:00Z", ms("2026-01-01T00:00:00Z")), "in 10 min");
	assert.match(exact("2026-01-01T00:10:00Z"), /2026-01-01T00:10:00Z$/);
});
