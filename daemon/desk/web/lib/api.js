/* The desk's API. A refusal is an exception with a sentence for people; an act carries a key, so that one that is repeated after a
 * lost answer is done once. */
import { API, address, forget, take } from "./first.js";
import { has, language, t } from "./i18n.js";
import { clean } from "./text.js";

export { API };

/* What the desk said, in the reader's language where the sentence has a name that we know. */
export function refusalOf(status, problem) {
	const name = `problem.${problem.code}`, byStatus = `problem.status_${status}`;
	if (problem.code && has(name)) {
		return t(name, Object.fromEntries((problem.with ?? []).map((value, i) => [i, value ?? ""])));
	}
	if (has(byStatus) && (language() !== "en" || problem.detail === undefined)) {
		return t(byStatus);
	}
	return problem.detail ?? problem.title ?? `${status}`;
}

export class Refusal extends Error {
	constructor(status, problem = {}, retryAfter = 0) {
		super(status === 0 ? t(`ui.${problem.code ?? "not_reached"}`) : clean(refusalOf(status, problem))); /* may quote what somebody typed */
		this.status = status;          /* 0: the desk could not be reached */
		this.needs = problem.needs ?? null;
		this.code = problem.code ?? null;
		this.problem = problem;
		this.retryAfter = retryAfter;
	}
}

/* lib/session.js puts in what these need; each returns a promise of being signed in (or freshly so). */
export const hooks = { csrf: () => null, signIn: null, again: null, look: null, isAway: () => false };

async function once(method, path, { query, body, key, signal, wasAway }) {
	const headers = { Accept: "application/json" };
	if (method !== "GET") {
		headers["Content-Type"] = "application/json";
		headers["Idempotency-Key"] = key;
		if (hooks.csrf() !== null) {
			headers["X-CSRF-Token"] = hooks.csrf();
		}
	}
	const asked = address(path, query);
	if (method !== "GET") {
		forget();
	}
	let answer, words;
	try {
		answer = (method === "GET" && await take(asked)) || await fetch(asked, { method, headers, signal, credentials: "same-origin", body: method === "GET" ? undefined : JSON.stringify(body ?? {}) });
		words = await answer.text();
	} catch (e) {
		if (e.name === "AbortError") {
			throw e;
		}
		throw new Refusal(0, method === "GET" ? {} : { code: wasAway ? "not_done" : "not_known" });
	}
	let said = {};
	try {
		said = words === "" ? {} : JSON.parse(words);
	} catch {
		throw new Refusal(answer.ok ? 502 : answer.status);
	}
	if (!answer.ok) {
		throw new Refusal(answer.status, said, Number(answer.headers.get("Retry-After")) || 0);
	}
	return said;
}

/* After a sign-in that was needed on the way it goes on; `isBare`: the sign-in itself. */
async function call(method, path, options) {
	try {
		return await once(method, path, options);
	} catch (e) {
		if (options.isBare || !(e instanceof Refusal)) {
			throw e;
		}
		if (e.status === 401 && hooks.signIn !== null) {
			await hooks.signIn();
		} else if (e.status === 403 && e.needs === "again" && hooks.again !== null) {
			await hooks.again();
		} else if (e.status === 403 && ["csrf", "password", "totp_setup"].includes(e.needs) && hooks.look !== null) {
			await hooks.look(); /* another page of this browser has renewed the session */
			if (e.needs !== "csrf") {
				throw e;
			}
		} else {
			throw e;
		}
		return once(method, path, options);
	}
}

export function newKey() {
	return crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/* get("queue", { by: "due" }) → what the desk says. */
export function get(path, query = {}, options = {}) {
	return call("GET", path, { ...options, query });
}

/* post("conversations/42/claim", {}): an act. `key`: the caller's own, so that a later repetition is the same act. */
export async function post(path, body = {}, options = {}) {
	/* While the page is cut off, what is pressed does not happen; else the answer may have been lost, and nobody here knows. */
	const all = { key: newKey(), wasAway: hooks.isAway(), ...options, body };
	for (const pause of [400, 1500, null]) {
		try {
			return await call(options.method ?? "POST", path, all);
		} catch (e) {
			if (pause === null || all.isBare || !(e instanceof Refusal) || (e.status !== 0 && e.status !== 503)) {
				throw e;
			}
		}
		await new Promise((resolve) => setTimeout(resolve, pause));
	}
}
