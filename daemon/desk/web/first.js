/* What is fetched at once. A plain script, before anything else of the page: it needs no module and waits for none, so that who one is, the
 * queue and the reader's words are on their way together with the modules that show them (lib/first.js). What was fetched is handed out once,
 * soon, and only if it was granted. */
globalThis.first = (() => {
	"use strict";
	const API = "/api/v1/";
	const FIRST_ROWS = 50;
	const KEEP_MS = 10_000;

	function address(path, query) {
		const q = new URLSearchParams();
		for (const [name, value] of Object.entries(query ?? {})) {
			if (value !== null && value !== undefined && value !== "" && value !== false) {
				q.append(name, value === true ? "1" : value);
			}
		}
		const text = q.toString();
		return API + path + (text === "" ? "" : `?${text}`);
	}

	/* ---- the queue's filters, as they stand in the page's address ---- */

	const FILTERS = ["by", "brand", "platform", "assignee", "tag", "mine", "free", "overdue", "all"];
	const FLAGS = ["mine", "free", "overdue", "all"];

	function filtersOf(query) {
		return Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, FLAGS.includes(name) ? true : query[name]]));
	}

	/* What the list asks for first. */
	const queueQuery = (filters) => ({ ...filters, clocks: true, limit: FIRST_ROWS });

	/* ---- the reader's language ---- */

	const LANGUAGES = { en: "English", de: "Deutsch" };

	/* The first of the reader's languages that we have. */
	function choose(wanted) {
		return wanted.map((w) => String(w).toLowerCase().split("-")[0]).find((w) => Object.hasOwn(LANGUAGES, w)) ?? "en";
	}

	function language() {
		let kept = "";
		try {
			kept = JSON.parse(localStorage.getItem("answerd.language")) ?? "";
		} catch { /* then the browser's */ }
		return choose([kept, ...navigator.languages]);
	}

	const load = (name) => name === "de" ? import("./lang/de.js") : import("./lang/en.js");

	/* { name, words: a promise of the catalogue's module } */
	const words = { name: "en", module: null };

	/* ---- what is on its way ---- */

	const coming = new Map();

	/* The answer to that, if it is on its way, else null. */
	function take(asked) {
		const one = coming.get(asked);
		coming.delete(asked);
		return one !== undefined && performance.now() - one.at < KEEP_MS ? one.answer : null;
	}

	/* Somebody has acted: what was fetched before is of the past. */
	function forget() {
		coming.clear();
	}

	function begin(asked) {
		/* The same as lib/api.js asks. Null: it is asked once more, there. */
		const answer = fetch(asked, { headers: { Accept: "application/json" }, credentials: "same-origin" }).then((got) => got.ok ? got : null, () => null);
		coming.set(asked, { at: performance.now(), answer });
	}

	if (globalThis.document) {
		/* A link that signs somebody in is about to change who one is. */
		if (!location.hash.startsWith("#/link/")) {
			begin(address("session"));
			if (location.pathname === "/") {
				begin(address("queue", queueQuery(filtersOf(Object.fromEntries(new URLSearchParams(location.search))))));
			}
		}
		/* Last: what this browser remembers is read from the disk, and everything waits for that. */
		words.name = language();
		words.module = load(words.name);
		words.module.catch(() => {}); /* said by who waits for it */
	}

	return { API, FIRST_ROWS, LANGUAGES, address, choose, filtersOf, forget, queueQuery, take, words };
})();
