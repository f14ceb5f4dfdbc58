/* Words of others: cleaned, cut, with links and marks as parts, never as markup. */
import "./browser.mjs";
import test from "node:test";
import assert from "node:assert/strict";
import { brief, clean, linkTo, links, marks } from "./lib/text.js";

test("what cannot be seen is not shown", () => {
	assert.equal(clean("a\u202eb\u200bc\u0000d\u001be\ufeff"), "abcde");
	assert.equal(clean("👩\u200d👧 नमस्\u200dते"), "👩\u200d👧 नमस्\u200dते", "joiners that scripts need are left");
	assert.equal(clean(null), "");
});

test("a line is cut between characters", () => {
	assert.equal(brief("  a \n\n b  "), "a b");
	assert.equal(brief("👩👩👩👩", 3), "👩👩…");
});

test("links lead to http and https only, and say where", () => {
	assert.deepEqual(links("see https://example.org/a?b=1, or (http://x.example)."), [
		{ text: "see " }, { text: "https://example.org/a?b=1", href: "https://example.org/a?b=1", host: "example.org" }, { text: ", or (" },
		{ text: "http://x.example", href: "http://x.example/", host: "x.example" }, { text: ")." }]);
	assert.equal(linkTo("https://аррӏе.com/").host, "xn--80ak6aa92e.com", "the real name, in ASCII");
	for (const bad of ["javascript:alert(1)", "data:text/html,x", "https://user:pass@evil.example/", "file:///etc/passwd", "https://", "vbscript:x", "//x"]) {
		assert.equal(linkTo(bad), null, bad);
	}
	assert.deepEqual(links("javascript:alert(1) <img src=x onerror=alert(1)>"), [{ text: "javascript:alert(1) <img src=x onerror=alert(1)>" }]);
});

test("marks of the desk are parts", () => {
	assert.deepEqual(marks("a \u0002b\u0003 c"), [{ text: "a ", isMarked: false }, { text: "b", isMarked: true }, { text: " c", isMarked: false }]);
	assert.deepEqual(marks("\u0003x\u0002"), [{ text: "x", isMarked: false }]);
});
