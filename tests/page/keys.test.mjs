/* Keys: what is bound innermost wins, sequences, writing, and the switch for people who speak to their computer. */
import "./browser.mjs";
import test from "node:test";
import assert from "node:assert/strict";
import { bind, commands, find, keyName, singleKeys, spell } from "./lib/keys.js";

test("layers, modal ones, and conditions", () => {
	let can = true;
	const off = bind([{ keys: "j", name: "outer" }, { keys: ["k", "ArrowUp"], name: "when", when: () => can }]);
	const inner = bind([{ keys: "j", name: "inner" }]);
	assert.equal(find("j", false).name, "inner");
	assert.equal(find("ArrowUp", false).name, "when");
	can = false;
	assert.equal(find("k", false), null);
	const modal = bind([{ keys: "Escape", name: "close", typing: true }], true);
	assert.equal(find("j", false), null);
	assert.equal(find("Escape", true).name, "close");
	assert.equal(commands().length, 1);
	modal();
	inner();
	assert.equal(find("j", false).name, "outer");
	off();
});

test("one after the other", () => {
	const off = bind([{ keys: "g q", name: "queue" }, { keys: "q", name: "q" }]);
	assert.equal(find("g", false, 1000), null);
	assert.equal(find("q", false, 1500).name, "queue");
	assert.equal(find("q", false, 1600).name, "q");
	assert.equal(find("g", false, 2000), null);
	assert.equal(find("q", false, 9000).name, "q", "too late");
	off();
});

test("who writes is left alone, and who speaks can switch letters off", () => {
	const off = bind([{ keys: "d", name: "dismiss" }, { keys: "Ctrl+k", name: "bar", typing: true }]);
	assert.equal(find("d", true), null);
	assert.equal(find("Ctrl+k", true).name, "bar");
	singleKeys.set(false);
	assert.equal(find("d", false), null);
	assert.equal(find("Ctrl+k", false).name, "bar");
	singleKeys.set(true);
	off();
});

test("names of keys", () => {
	assert.equal(keyName({ key: "k", ctrlKey: true }), "Ctrl+k");
	assert.equal(keyName({ key: "K", metaKey: true, shiftKey: true }), "Ctrl+k");
	assert.equal(keyName({ key: "о", code: "KeyJ" }), "j");
	assert.equal(keyName({ key: "?", shiftKey: true }), "?");
	assert.equal(spell("Ctrl+k"), "Ctrl+K");
});
