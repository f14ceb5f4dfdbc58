/* Every act has a key. What a page can do now is bound here, once: with its key, its words, and what it does. The list behind '?' and
 * the command bar (Ctrl-K) are made from it.
 *
 *   useKeys([{ keys: ["j", "ArrowDown"], name: "queue.next", run: next }, { keys: "g w", name: "nav.watch", run: … }, …]);
 *
 * keys: one or several; "Ctrl+k", "g w" (one after the other); null: only in the bar. name: a key of the catalogue, or text: words.
 * when: () → whether it can be done now. typing: also while somebody writes. group: a key of the catalogue, a heading in the list. */
import { useEffect, useRef } from "./html.js";
import { cell, kept } from "./cell.js";

export const layers = cell([]);
const SEQUENCE_MS = 1200;
let begun = "", begunAt = 0;

export const singleKeys = cell(kept.get("keys", true));
singleKeys.watch((on) => kept.set("keys", on));

export function keyName(e) {
	let name = e.key;
	/* Other scripts' keyboards: the key's place, then. */
	if (name.length === 1 && name > "\u007f" && /^Key[A-Z]$/.test(e.code ?? "")) {
		name = e.code.slice(3).toLowerCase();
		name = e.shiftKey ? name.toUpperCase() : name;
	}
	if (name === " ") {
		name = "Space";
	}
	const ctrl = e.ctrlKey || e.metaKey ? "Ctrl+" : "";
	return ctrl + (e.altKey ? "Alt+" : "") + (e.shiftKey && name.length > 1 ? "Shift+" : "") + (ctrl ? name.toLowerCase() : name);
}

export function keysOf(command) {
	return command.keys === null || command.keys === undefined ? [] : [].concat(command.keys);
}

/* All that can be done now, the innermost first; a modal layer hides what is below it. */
export function commands() {
	const out = [], all = layers.get();
	for (let i = all.length - 1; i >= 0; i--) {
		out.push(...all[i].list);
		if (all[i].isModal) {
			break;
		}
	}
	return out.filter((c) => !c.when || c.when());
}

function put(layer) {
	layers.change((all) => [...all, layer]);
	return () => layers.change((all) => all.filter((l) => l !== layer));
}

/* Returns what ends it. */
export function bind(list, isModal = false) {
	return put({ list, isModal });
}

/* The list may be another one at each rendering. */
export function useKeys(list, isModal = false) {
	const latest = useRef(null);
	latest.current = list;
	useEffect(() => put({ get list() { return latest.current; }, isModal }), [isModal]);
}

export function isTyping(target) {
	return target?.isContentEditable === true || ["INPUT", "TEXTAREA", "SELECT"].includes(target?.tagName) && !["checkbox", "radio", "button"].includes(target.type);
}

/* A control that has the focus keeps the keys that it lives on. */
function isControls(name, target) {
	return (name === "Enter" || name === "Space") && target?.closest?.("a[href], button, summary, input, select, [role=menuitem]") !== null && target?.closest !== undefined;
}

export function find(name, typing, at = Date.now()) {
	const isPlain = !/^(Ctrl|Alt)\+|^F\d+$/.test(name);
	const sequence = begun !== "" && at - begunAt < SEQUENCE_MS ? `${begun} ${name}` : null;
	begun = "";
	if (isPlain && !typing && !singleKeys.get() && name.length === 1) {
		return null;
	}
	const can = commands().filter((c) => !typing || c.typing);
	const hit = (wanted) => can.find((c) => keysOf(c).includes(wanted));
	const found = (sequence !== null && hit(sequence)) || hit(name);
	if (!found && can.some((c) => keysOf(c).some((k) => k.startsWith(`${name} `)))) {
		begun = name;
		begunAt = at;
	}
	return found ?? null;
}

export function onKey(e) {
	if (e.defaultPrevented || e.isComposing || e.repeat && e.key === "Enter") {
		return;
	}
	const name = keyName(e);
	if (isControls(name, e.target)) {
		return;
	}
	const found = find(name, isTyping(e.target));
	if (found) {
		e.preventDefault();
		found.run(e);
	}
}

/* "Ctrl+k" as people read it. */
export function spell(key) {
	return key.split(" ").map((k) => k.replace("ArrowDown", "↓").replace("ArrowUp", "↑").replace("ArrowLeft", "←").replace("ArrowRight", "→")
		.replace("Escape", "Esc").replace(/\+([a-z])/, (m, c) => `+${c.toUpperCase()}`)).join(" ");
}
